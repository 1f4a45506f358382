import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SchemaAttributes } from 'naru/api'
import { ByteWriter, schema, withAttributes } from 'naru/api'
import { NO_TUPLE } from '../../../connectors/postgres/postgres/pgoutput-decoder.ts'
import { TupleSlab } from '../../../connectors/postgres/postgres/copy-stream.ts'
import type { EncodedColumn } from '../../../connectors/postgres/row-encoder.ts'
import { KeyEncoder, RowEncoder } from '../../../connectors/postgres/row-encoder.ts'
import { columnType } from '../../../connectors/postgres/type-mapping.ts'
import { JsonConverter } from '../../../runtime/converters/json-converter.ts'
import { DEFAULTS, catalogOf, tupleOf } from './support.ts'

const { catalog, oid } = catalogOf('int4', 'int8', 'text', 'bool', 'numeric', 'timestamptz', 'bytea', 'float8')

function column(name: string, type: string, attributes: SchemaAttributes = { optional: true }): EncodedColumn {
  const { codec } = columnType(catalog, oid(type), -1, DEFAULTS)!
  return { name, codec, schema: withAttributes(codec.schema, attributes) }
}

const COLUMNS = [
  column('id', 'int4', {}),
  column('t', 'text'),
  column('b', 'bool', { optional: true, default: true }),
  column('n', 'numeric'),
  null,
  column('z', 'timestamptz', {}),
  column('y', 'bytea'),
  column('f', 'float8'),
  column('l', '_int8'),
]
const SHOWN = COLUMNS.filter((c) => c !== null)
const ROW = schema.struct(SHOWN.map((c) => [c.name, c.schema] as const))

const VALUES: readonly (readonly (string | null | undefined)[])[] = [
  ['1', '2147483647', '-5'],
  ['', 'x', 'a "quoted"\n\\ 😀', 'é'.repeat(100), 'long '.repeat(2000), `${'y'.repeat(60)}"`, null, undefined],
  ['t', 'f', null],
  ['1.10', 'NaN', '123456789012345678901234567890', null],
  ['hidden', null],
  ['2024-02-29 10:34:56.7+00', '0044-03-15 12:00:00+00 BC', 'infinity', null],
  ['\\x00ff', '\\x', null, undefined],
  ['1e+21', '-0', 'NaN', null],
  ['{1,NULL,9223372036854775807}', '{}', null],
]

test('the bytes of a row are the JSON of its plain value, for random rows with nulls, TOAST and long texts', () => {
  const encoder = new RowEncoder(COLUMNS)
  const converter = new JsonConverter()
  converter.configure({ 'schemas.enable': 'false' })
  let seed = 1
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  const pick = () => VALUES.map((choices) => choices[random(choices.length)])
  for (let i = 0; i < 3000; i++) {
    const old = tupleOf(pick().map((value) => value ?? null))
    const source = Buffer.concat([Buffer.from('??'), old, tupleOf(pick())])
    const full = random(2) === 0 ? 2 : NO_TUPLE
    const out = new ByteWriter(8)
    encoder.writeJson(out, source, 2 + old.length, full)
    const plain = encoder.decode(source, 2 + old.length, full)
    assert.equal(out.view().toString(), Buffer.from(converter.fromConnectData('t', ROW, plain)!).toString())
  }
})

test('a COPY line becomes the tuple of its values', () => {
  const slab = new TupleSlab(4)
  const lines = ['1\t\\N\t\tplain\n', '2\ta\\tb\\\\c\\nd\t\\N\t"q"\n', `3\t${'long'.repeat(100)}\t\\\\N\tzuletzt`]
  for (const line of lines) slab.addLine(Buffer.from(line), 0, Buffer.byteLength(line))
  const { buffer, positions } = slab.take()!
  const encoder = new RowEncoder([column('i', 'int4'), column('a', 'text'), column('b', 'text'), column('c', 'text')])
  assert.deepEqual(
    positions.map((at) => encoder.decode(buffer, at, NO_TUPLE)),
    [
      { i: 1, a: null, b: '', c: 'plain' },
      { i: 2, a: 'a\tb\\c\nd', b: null, c: '"q"' },
      { i: 3, a: 'long'.repeat(100), b: '\\N', c: 'zuletzt' },
    ],
  )
  const json = positions.map((at) => {
    const out = new ByteWriter()
    encoder.writeJson(out, buffer, at, NO_TUPLE)
    return JSON.parse(out.view().toString()) as unknown
  })
  assert.deepEqual(
    json,
    positions.map((at) => encoder.decode(buffer, at, NO_TUPLE)),
  )
})

test('a key has its columns in its own order, and differs only in columns that the old tuple carries', () => {
  const key = new KeyEncoder([
    { ...column('b', 'text', {}), index: 1 },
    { ...column('a', 'int4', {}), index: 0 },
  ])
  const source = Buffer.concat([tupleOf(['1', 'x', 'p']), tupleOf(['1', 'y', 'q'])])
  const out = new ByteWriter()
  key.writeJson(out, source, 0)
  assert.equal(out.view().toString(), '{"b":"x","a":1}')
  const second = tupleOf(['1', 'x', 'p']).length
  assert.equal(
    key.differs(source, 0, second, () => true),
    true,
  )
  assert.equal(
    key.differs(source, 0, second, (index) => index === 0),
    false,
  )
})
