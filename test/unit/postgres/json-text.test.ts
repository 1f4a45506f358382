import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ByteWriter } from 'naru/api'
import { javaFloat, jsonString, writeInteger, writeJsonString } from '../../../connectors/postgres/types/json-text.ts'

function written(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter(1)
  write(out)
  return out.view().toString('utf8')
}

describe('JSON as Jackson writes it', () => {
  test('texts of every length and kind of character parse back to themselves', () => {
    const alphabet = ['a', 'é', '日', '😀', '"', '\\', '\n', '\t', '\b', '\f', '\r', '\u0000', '\u001f', '\u007f', '/']
    for (let i = 0; i < 2000; i++) {
      const text = Array.from(
        { length: (i * 7) % 130 },
        (_, k) => alphabet[(i * 31 + k * (i % 13)) % alphabet.length],
      ).join('')
      const bytes = Buffer.from(`xx${text}yy`)
      const json = written((out) => writeJsonString(out, bytes, 2, bytes.length - 2))
      assert.equal(JSON.parse(json), text)
      assert.equal(json, jsonString(text))
    }
  })

  test('long texts, wherever the first byte to escape is', () => {
    for (const size of [47, 48, 49, 100, 4095, 4096, 4097, 20_000])
      for (const first of [0, 1, 47, 48, 49, size - 1, size]) {
        const text = 'a'.repeat(Math.min(first, size)) + '\u0001'.repeat(Math.max(0, size - first))
        const bytes = Buffer.from(text)
        assert.equal(JSON.parse(written((out) => writeJsonString(out, bytes, 0, bytes.length))), text)
      }
  })

  test('surrogate pairs and control characters are escaped in capitals, other characters are not', () => {
    assert.equal(jsonString('😀é\u001f'), '"\\uD83D\\uDE00é\\u001F"')
  })

  test('integers of every magnitude', () => {
    const values = [
      0,
      7,
      10,
      99,
      100,
      999_999_999,
      1e9,
      1e9 + 1,
      2 ** 31,
      2 ** 32,
      123_456_789_012_345,
      Number.MAX_SAFE_INTEGER,
    ]
    for (let power = 0; power < 16; power++) values.push(10 ** power, 10 ** power - 1, 10 ** power + 1)
    for (const value of values.flatMap((v) => [v, -v])) {
      assert.equal(
        written((out) => writeInteger(out, value)),
        String(value === 0 ? 0 : value),
      )
    }
  })

  test('floats as Double.toString, with the digits that the server gave', () => {
    const golden = {
      '0': '0.0',
      '-0': '-0.0',
      '1': '1.0',
      '100': '100.0',
      '1.1': '1.1',
      '0.001': '0.001',
      '0.0001': '1.0E-4',
      '9999999': '9999999.0',
      '10000000': '1.0E7',
      '12345678.9': '1.23456789E7',
      '1e-10': '1.0E-10',
      '1.6777216e+07': '1.6777216E7',
      '-3.4028235e+38': '-3.4028235E38',
      NaN: '"NaN"',
      '-Infinity': '"-Infinity"',
    }
    for (const [text, expected] of Object.entries(golden)) assert.equal(javaFloat(text), expected)
  })
})
