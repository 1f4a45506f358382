import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ByteWriter,
  javaDouble,
  javaFloat,
  writeJsonDouble,
  writeJsonString,
  writeJsonUtf8,
} from '../../../runtime/api/index.ts'

function text(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter(2)
  write(out)
  return out.view().toString('latin1')
}

const long = 'x'.repeat(200)
const STRINGS: readonly (readonly [string, string])[] = [
  ['', '""'],
  ['plain', '"plain"'],
  ['a"b\\c/', '"a\\"b\\\\c/"'],
  ['\b\t\n\f\r', '"\\b\\t\\n\\f\\r"'],
  ['\u0000\u001f\u007f', '"\\u0000\\u001F\u007f"'],
  ['é\u2028€', `"${Buffer.from('é\u2028€').toString('latin1')}"`],
  ['\u{1F600}', '"\\uD83D\\uDE00"'],
  [long, `"${long}"`],
  [`${long}\u{1F600}"`, `"${long}\\uD83D\\uDE00\\""`],
  [`${long}é`, `"${long}${Buffer.from('é').toString('latin1')}"`],
]

describe('JSON strings', () => {
  it('are escaped as Jackson does, from strings and from UTF-8 alike', () => {
    for (const [value, expected] of STRINGS) {
      assert.equal(
        text((out) => writeJsonString(out, value)),
        expected,
      )
      assert.equal(
        text((out) => writeJsonUtf8(out, Buffer.from(value))),
        expected,
      )
    }
  })

  it('write a lone surrogate as an escape', () => {
    assert.equal(
      text((out) => writeJsonString(out, 'a\ud800b')),
      '"a\\uD800b"',
    )
  })

  it('take a part of a buffer', () => {
    assert.equal(
      text((out) => writeJsonUtf8(out, Buffer.from('..ab\n..'), 2, 5)),
      '"ab\\n"',
    )
  })
})

describe('floating point numbers', () => {
  it('have the form of java.lang.Double', () => {
    const table: readonly (readonly [number, string])[] = [
      [0, '0.0'],
      [-0, '-0.0'],
      [1, '1.0'],
      [100, '100.0'],
      [0.1, '0.1'],
      [0.001, '0.001'],
      [0.00099, '9.9E-4'],
      [9_999_999, '9999999.0'],
      [1e7, '1.0E7'],
      [12_345_678.5, '1.23456785E7'],
      [1e10, '1.0E10'],
      [1e-5, '1.0E-5'],
      [-1.5e300, '-1.5E300'],
      [5e-324, '4.9E-324'],
      [Number.MAX_VALUE, '1.7976931348623157E308'],
      [NaN, 'NaN'],
      [-Infinity, '-Infinity'],
    ]
    for (const [value, expected] of table) assert.equal(javaDouble(value), expected)
  })

  it('have the form of java.lang.Float', () => {
    const table: readonly (readonly [number, string])[] = [
      [0.1, '0.1'],
      [1, '1.0'],
      [16_777_216, '1.6777216E7'],
      [3.4028235e38, '3.4028235E38'],
      [1.4e-45, '1.4E-45'],
      [0.3, '0.3'],
      [Infinity, 'Infinity'],
    ]
    for (const [value, expected] of table) assert.equal(javaFloat(value), expected)
  })

  it('give back the same number', () => {
    for (let i = 0; i < 2000; i++) {
      const value = (Math.random() - 0.5) * 10 ** Math.floor(Math.random() * 60 - 30)
      assert.equal(Number(javaDouble(value)), value)
      assert.equal(Math.fround(Number(javaFloat(value))), Math.fround(value))
    }
  })

  it('are quoted in JSON when they are no numbers', () => {
    assert.equal(
      text((out) => writeJsonDouble(out, NaN)),
      '"NaN"',
    )
    assert.equal(
      text((out) => writeJsonDouble(out, -Infinity)),
      '"-Infinity"',
    )
  })
})
