import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { ByteWriter, bigintFromBytes, withAttributes } from 'naru/api'
import { columnType } from '../../../connectors/postgres/type-mapping.ts'
import { nameBasedUuid, parseArray } from '../../../connectors/postgres/types/arrays.ts'
import { parseHstore } from '../../../connectors/postgres/types/hstore.ts'
import { intervalMicros, intervalText, parseInterval } from '../../../connectors/postgres/types/intervals.ts'
import type { TypeOptions } from '../../../connectors/postgres/types/type-options.ts'
import { JsonConverter } from '../../../runtime/converters/json-converter.ts'
import { DEFAULTS, catalogOf } from './support.ts'

const NAMES = [
  ...[
    'bool',
    'int2',
    'int4',
    'int8',
    'oid',
    'float4',
    'float8',
    'numeric',
    'money',
    'bpchar',
    'varchar',
    'text',
    'char',
    'name',
  ],
  ...[
    'citext',
    'bytea',
    'bit',
    'varbit',
    'json',
    'jsonb',
    'xml',
    'uuid',
    'inet',
    'tsvector',
    'hstore',
    'ltree',
    'date',
    'time',
  ],
  ...[
    'timetz',
    'timestamp',
    'timestamptz',
    'interval',
    'point',
    'line',
    'lseg',
    'box',
    'path',
    'polygon',
    'circle',
    'geometry',
  ],
  ...['geography', 'vector', 'halfvec'],
]
const { catalog, oid } = catalogOf(...NAMES)

function json(type: string, text: string, options: TypeOptions = DEFAULTS, typmod = -1): string {
  const { codec } = columnType(catalog, oid(type), typmod, options)!
  const out = new ByteWriter()
  const bytes = Buffer.from(text)
  return codec.write(out, bytes, 0, bytes.length) ? out.view().toString() : 'null'
}

interface Fixture {
  readonly tables: readonly {
    readonly columns: readonly {
      readonly type: string
      readonly values: readonly { readonly stored: string }[] | null
    }[]
  }[]
}
const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/postgres/types.json', import.meta.url), 'utf8'),
) as Fixture

/** SQL names of the fixture file → catalog names. */
const INTERNAL: Readonly<Record<string, string>> = {
  boolean: 'bool',
  smallint: 'int2',
  integer: 'int4',
  bigint: 'int8',
  real: 'float4',
  'double precision': 'float8',
  character: 'bpchar',
  'character varying': 'varchar',
  'bit varying': 'varbit',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
}

const converter = new JsonConverter()
converter.configure({ 'schemas.enable': 'false' })

describe('the mapping of types', () => {
  test('bytes written and plain values agree for every fixture under every mode', () => {
    const modes: readonly Partial<TypeOptions>[] = [
      {},
      { decimalMode: 'double', timeMode: 'connect', intervalMode: 'string', binaryMode: 'base64', hstoreMode: 'map' },
      { decimalMode: 'string', timeMode: 'isostring', binaryMode: 'hex', includeUnknown: true },
      { timeMode: 'microseconds', binaryMode: 'base64-url-safe' },
      { timeMode: 'nanoseconds' },
      { timeMode: 'structured' },
    ]
    let compared = 0
    for (const column of fixture.tables.flatMap(({ columns }) => columns)) {
      const plainName = column.type.replace(/\(.*?\)/, '').replace('[]', '')
      const internal = (column.type.endsWith('[]') ? '_' : '') + (INTERNAL[plainName] ?? plainName)
      if (![...catalog.values()].some(({ name }) => name === internal)) continue
      for (const mode of modes) {
        const type = columnType(catalog, oid(internal), -1, { ...DEFAULTS, ...mode })
        for (const { stored } of type === undefined ? [] : (column.values ?? [])) {
          // beyond what a Date holds, and what the converter takes for a time of day
          if (/infinity|^24:/.test(stored) && mode.timeMode === 'connect') continue
          const bytes = Buffer.from(stored)
          const out = new ByteWriter()
          const schema = withAttributes(type!.codec.schema, { optional: true })
          const written = type!.codec.write(out, bytes, 0, bytes.length) ? out.view().toString() : 'null'
          const plain = type!.codec.decode(bytes, 0, bytes.length)
          const converted =
            plain === null ? 'null' : Buffer.from(converter.fromConnectData('t', schema, plain)!).toString()
          assert.equal(written, converted, `${column.type} of ${stored} under ${JSON.stringify(mode)}`)
          compared++
        }
      }
    }
    assert.ok(compared > 400)
  })

  test('a numeric with negative scale keeps it', () => {
    const typmod = ((5 << 16) | (-2 & 0x7ff)) + 4
    const { codec } = columnType(catalog, oid('numeric'), typmod, DEFAULTS)!
    assert.deepEqual(codec.schema.parameters, { scale: '-2', 'connect.decimal.precision': '5' })
    assert.equal(json('numeric', '12300', DEFAULTS, typmod), '"ew=="')
  })

  test('decimals of every sign and size are the shortest two-complement bytes', () => {
    const typmod = ((38 << 16) | 2) + 4
    const golden = {
      '0.00': '00',
      '1.27': '7f',
      '1.28': '0080',
      '-1.28': '80',
      '-1.29': 'ff7f',
      '42949672.95': '00ffffffff',
    }
    for (const [text, hex] of Object.entries(golden)) {
      assert.equal(
        Buffer.from(JSON.parse(json('numeric', text, DEFAULTS, typmod)) as string, 'base64').toString('hex'),
        hex,
      )
    }
    for (const text of [
      '-99999999999.99',
      '999999999999.99',
      '123456789012345678901234.56',
      '-123456789012345678901234.56',
    ]) {
      const bytes = Buffer.from(JSON.parse(json('numeric', text, DEFAULTS, typmod)) as string, 'base64')
      assert.equal(bigintFromBytes(bytes), BigInt(text.replace('.', '')))
    }
  })

  test('PostGIS values carry their SRID; schema version follows the Debezium version', () => {
    const ewkb = '0101000020110F0000000000000000F03F0000000000000040'
    assert.equal(json('geometry', ewkb), '{"wkb":"AQEAACARDwAAAAAAAAAA8D8AAAAAAAAAQA==","srid":3857,"extensions":null}')
    const before = { ...DEFAULTS, debezium37: false }
    assert.equal(json('geometry', ewkb, before), '{"wkb":"AQEAACARDwAAAAAAAAAA8D8AAAAAAAAAQA==","srid":3857}')
    assert.equal(columnType(catalog, oid('box'), -1, before), undefined)
  })

  test('arrays, hstores and intervals are read as the server writes them', () => {
    assert.deepEqual(parseArray('[0:1]={a,"b \\"c\\" \\\\ {},",NULL,"NULL"}'), ['a', 'b "c" \\ {},', null, 'NULL'])
    assert.deepEqual(parseArray('{{1,2},{3,4}}'), [
      ['1', '2'],
      ['3', '4'],
    ])
    assert.deepEqual(parseArray('{}'), [])
    assert.deepEqual(
      [...parseHstore('"a\\"b"=>"1, 2", "c"=>NULL')],
      [
        ['a"b', '1, 2'],
        ['c', null],
      ],
    )
    assert.throws(() => parseHstore('nonsense'), { code: 'DATA' })
    assert.equal(intervalMicros(parseInterval('1 year 2 mons 3 days 04:05:06.789')), 37_091_106_789_000n)
    assert.equal(intervalText(parseInterval('-00:00:00.5')), 'P0Y0M0DT0H0M-0.5S')
    assert.equal(nameBasedUuid(DEFAULTS.placeholder), 'b68a35a7-17ad-35b3-af2a-ae46edb4545a')
  })
})
