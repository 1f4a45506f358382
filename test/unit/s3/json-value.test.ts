import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ByteWriter, dateSchema, Decimal, decimalSchema, schema, timeSchema, timestampSchema } from 'naru/api'
import type { Schema } from 'naru/api'
import { writeJsonValue } from '../../../connectors/s3/formats/json-value.ts'
import type { DecimalFormat } from '../../../connectors/s3/formats/json-value.ts'
import { GzipBlocks } from '../../../connectors/s3/writing/gzip-blocks.ts'
import { gunzipSync } from 'node:zlib'

function json(value: unknown, of?: Schema, decimals: DecimalFormat = 'BASE64'): string {
  const out = new ByteWriter(16)
  writeJsonValue(out, value, of, decimals)
  return out.view().toString()
}

describe('JSON of Connect values', () => {
  const row = schema.struct({
    a: schema.int32(),
    b: schema.string({ optional: true }),
    c: schema.float32(),
    d: schema.bytes(),
    e: decimalSchema(2),
  })
  const value = { a: 1, b: null, c: 12.2, d: new Uint8Array([1, 2]), e: new Decimal(110n, 2) }

  it('writes a struct in the order of its schema', () => {
    assert.equal(json(value, row), '{"a":1,"b":null,"c":12.2,"d":"AQI=","e":"bg=="}')
    assert.equal(json(value, row, 'NUMERIC'), '{"a":1,"b":null,"c":12.2,"d":"AQI=","e":1.10}')
  })

  const rows: readonly (readonly [unknown, Schema | undefined, string])[] = [
    [9223372036854775807n, schema.int64(), '9223372036854775807'],
    [1, schema.float64(), '1.0'],
    [1e7, schema.float64(), '1.0E7'],
    [9e-4, schema.float64(), '9.0E-4'],
    [0.001, schema.float64(), '0.001'],
    [1e21, schema.float64(), '1.0E21'],
    [-0, schema.float64(), '-0.0'],
    [1.25e-10, schema.float64(), '1.25E-10'],
    [NaN, schema.float64(), '"NaN"'],
    [-Infinity, schema.float64(), '"-Infinity"'],
    [Math.fround(12.2), schema.float32(), '12.2'],
    [new Date(86_400_000), dateSchema(), '1'],
    [new Date(1234), timeSchema(), '1234'],
    [new Date(1234), timestampSchema(), '1234'],
    [new Map([['a', 1]]), schema.map(schema.string(), schema.int32()), '{"a":1}'],
    [new Map([[1, 'x']]), schema.map(schema.int32(), schema.string()), '[[1,"x"]]'],
    [[1, null], schema.array(schema.int32({ optional: true })), '[1,null]'],
    [null, schema.string({ optional: true, default: 'd' }), '"d"'],
    ['a"\\\n\u0001é/\u2028😀', undefined, '"a\\"\\\\\\n\\u0001é/\u2028😀"'],
    [{ b: 1, a: [true, { x: null }] }, undefined, '{"b":1,"a":[true,{"x":null}]}'],
    [1e20, undefined, '100000000000000000000'],
    [undefined, undefined, 'null'],
  ]
  for (const [given, of, expected] of rows)
    it(`${expected} (${of?.name ?? of?.type ?? 'no schema'})`, () => assert.equal(json(given, of), expected))
})

describe('gzip', () => {
  const gzip = async (level: number, ...blocks: readonly string[]): Promise<Buffer> => {
    const stream = new GzipBlocks(level)
    const parts = blocks.map((block, index) => stream.compress(Buffer.from(block), index === blocks.length - 1))
    return Buffer.concat((await Promise.all(parts)).flat())
  }
  it('has the bytes of Java’s for one block', async () => {
    const expected = '1f8b08000000000000ffcb48cdc9c9e7020020303a3606000000'
    assert.equal((await gzip(-1, 'hello\n')).toString('hex'), expected)
  })
  it('is one member however many blocks there are', async () => {
    const blocks = ['a'.repeat(100_000), '', 'b', 'c'.repeat(70_000), '']
    for (const level of [-1, 0, 1, 9])
      assert.equal(gunzipSync(await gzip(level, ...blocks)).toString(), blocks.join(''))
  })
})
