import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ByteWriter,
  Decimal,
  dateSchema,
  decimalSchema,
  errorCode,
  isEncoded,
  plain,
  schema,
  timeSchema,
  timestampSchema,
} from '../../../runtime/api/index.ts'
import type { Props, Schema } from '../../../runtime/api/index.ts'
import { JsonConverter } from '../../../runtime/converters/json-converter.ts'

function converter(props: Props = {}): JsonConverter {
  const made = new JsonConverter()
  made.configure(props)
  return made
}

const plainJson = converter({ 'schemas.enable': 'false' })
const enveloped = converter()

function written(of: Schema | undefined, value: unknown, by = plainJson): string | null {
  const bytes = by.fromConnectData('t', of, value)
  return bytes === null ? null : Buffer.from(bytes).toString('utf8')
}

function read(json: string, by = plainJson): unknown {
  return plain(by.toConnectData('t', Buffer.from(json)).value)
}

function rewritten(json: string, by = plainJson): string {
  const { value } = by.toConnectData('t', Buffer.from(json))
  assert.ok(isEncoded(value))
  const out = new ByteWriter(4)
  value.writeJson(out)
  return out.view().toString()
}

// connect-runtime specification, made by running JsonConverter of Apache Kafka
const GOLDEN_SCHEMA = schema.struct(
  {
    i8: schema.int8(),
    i64: schema.int64({ optional: true, doc: 'dd', default: 7n }),
    ar: schema.array(schema.int16()),
    dec: decimalSchema(2),
  },
  { name: 'S', version: 2, doc: 'd', parameters: { p: 'q' } },
)
const GOLDEN =
  '{"schema":{"type":"struct","fields":[{"type":"int8","optional":false,"field":"i8"},{"type":"int64","optional":true,"doc":"dd","default":7,"field":"i64"},' +
  '{"type":"array","items":{"type":"int16","optional":false},"optional":false,"field":"ar"},{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"},"field":"dec"}],' +
  '"optional":false,"name":"S","version":2,"doc":"d","parameters":{"p":"q"}},"payload":{"i8":1,"i64":7,"ar":[1,2],"dec":"BNI="}}'
const GOLDEN_VALUE = { i8: 1, i64: null, ar: [1, 2], dec: new Decimal(1234n, 2) }

describe('JsonConverter writes', () => {
  it('the golden envelope byte for byte', () => {
    assert.equal(written(GOLDEN_SCHEMA, GOLDEN_VALUE, enveloped), GOLDEN)
    assert.equal(written(GOLDEN_SCHEMA, GOLDEN_VALUE, enveloped), GOLDEN)
  })

  it('every type with its schema', () => {
    const table: readonly (readonly [Schema, unknown, string])[] = [
      [schema.boolean(), true, 'true'],
      [schema.int32(), -5, '-5'],
      [schema.int64(), 9223372036854775807n, '9223372036854775807'],
      [schema.float32(), Math.fround(0.1), '0.1'],
      [schema.float32(), 1, '1.0'],
      [schema.float64(), 1e10, '1.0E10'],
      [schema.float64(), 1e-5, '1.0E-5'],
      [schema.float64(), NaN, '"NaN"'],
      [schema.string(), 'ü"', '"ü\\""'],
      [schema.bytes(), Buffer.from([1, 2, 3, 4]), '"AQIDBA=="'],
      [schema.array(schema.int32()), [], '[]'],
      [schema.map(schema.string(), schema.int32()), new Map([['a', 1]]), '{"a":1}'],
      [schema.map(schema.int32(), schema.string()), new Map([[1, 'x']]), '[[1,"x"]]'],
      [decimalSchema(2), new Decimal(1234n, 2), '"BNI="'],
      [dateSchema(), new Date('1970-01-11'), '10'],
      [timeSchema(), new Date(1000), '1000'],
      [timestampSchema(), new Date(1_700_000_000_123), '1700000000123'],
      [schema.struct({}), {}, '{}'],
      [schema.string({ optional: true }), null, 'null'],
      [schema.string({ optional: true, default: 'd' }), null, '"d"'],
    ]
    for (const [of, value, expected] of table) assert.equal(written(of, value), expected)
  })

  it('decimals as numbers when configured', () => {
    const numeric = converter({ 'schemas.enable': 'false', 'decimal.format': 'numeric' })
    assert.equal(written(decimalSchema(2), new Decimal(12345n, 3), numeric), '12.345')
    assert.equal(written(decimalSchema(2), new Decimal(-1230n, 2), numeric), '-12.30')
  })

  it('null instead of a default when configured', () => {
    const keeping = converter({ 'schemas.enable': 'false', 'replace.null.with.default': 'false' })
    assert.equal(written(schema.string({ optional: true, default: 'd' }), null, keeping), 'null')
  })

  it('values without a schema', () => {
    const value = { s: 'a', i: 1, f: 1.5, big: 2n ** 60n, n: null, u: undefined, l: [true], b: Buffer.from('a') }
    const json = '{"s":"a","i":1,"f":1.5,"big":1152921504606846976,"n":null,"u":null,"l":[true],"b":"YQ=="}'
    assert.equal(written(undefined, value), json)
    assert.equal(written(undefined, value, enveloped), `{"schema":null,"payload":${json}}`)
    assert.equal(written(undefined, new Map([['k', 1]])), '{"k":1}')
    assert.equal(
      written(
        undefined,
        new Map<unknown, unknown>([
          ['k', 1],
          [2, 3],
        ]),
      ),
      '[["k",1],[2,3]]',
    )
  })

  it('nothing for a tombstone', () => {
    assert.equal(written(undefined, null), null)
    assert.equal(written(undefined, null, enveloped), null)
  })

  it('a DataError for a value that is not what its schema says, and leaves the writer as it was', () => {
    const out = new ByteWriter()
    out.ascii('before')
    const write = (): unknown => enveloped.writeConnectData(out, 't', schema.struct({ a: schema.int32() }), { a: 'x' })
    assert.throws(
      write,
      (error: Error) => errorCode(error) === 'DATA' && /Invalid type for INT32: string/.test(error.message),
    )
    assert.equal(out.view().toString(), 'before')
    assert.throws(
      () => written(schema.string(), null),
      /null value for field that is required and has no default value/,
    )
    assert.throws(() => written(schema.int16(), 1.5), /Invalid type for INT16: number 1\.5/)
    assert.throws(() => written(schema.int64(), 1.5), /Invalid type for INT64: number 1\.5/)
    assert.throws(() => written(dateSchema(), new Date(5)), /should not have any time fields set/)
  })
})

describe('JsonConverter reads without schemas', () => {
  it('objects and arrays as bytes that are copied when nothing looks inside', () => {
    const json = '{"a":[1,2.50,{"b":"\\u00e9 x"}],"c":1e3}'
    assert.equal(rewritten(json), json)
    assert.deepEqual(read(json), { a: [1, 2.5, { b: 'é x' }], c: 1000 })
  })

  it('white space away, but not inside of strings', () => {
    assert.equal(rewritten(' {\n "a b" : [ 1 , "c \\" d" ] }\n'), '{"a b":[1,"c \\" d"]}')
  })

  it('integers beyond 2^53 exactly, and wraps them at 64 bits', () => {
    assert.deepEqual(read('[9007199254740993,-9223372036854775808,9223372036854775808,1]'), [
      9007199254740993n,
      -9223372036854775808n,
      -9223372036854775808n,
      1,
    ])
  })

  it('scalars and nulls at once', () => {
    for (const [json, value] of [
      ['null', null],
      ['5', 5],
      ['"x"', 'x'],
      ['true', true],
      ['', null],
    ] as const) {
      const result = plainJson.toConnectData('t', Buffer.from(json))
      assert.equal(isEncoded(result.value), false)
      assert.equal(result.value, value)
    }
    assert.equal(plainJson.toConnectData('t', null).value, null)
  })

  it('leniently what Connect reads leniently', () => {
    assert.deepEqual(read('[01,"002",-007.5]'), [1, '002', -7.5])
    assert.equal(rewritten('{"a":1} and more'), '{"a":1}')
  })

  it('a record that is not JSON as a DataError at once', () => {
    const broken = [
      '{',
      '[1,]',
      '{"a":}',
      '{"a" 1}',
      '{a:1}',
      '[NaN]',
      '"\n"',
      '[1 2]',
      'nul',
      '{"a":1,}',
      '["\\x"]',
      '-',
      'hello',
      '[1.]',
    ]
    for (const json of broken)
      assert.throws(
        () => read(json),
        (error: Error) => errorCode(error) === 'DATA',
        json,
      )
    const invalidUtf8 = Buffer.concat([Buffer.from('["'), Buffer.from([0xff]), Buffer.from('"]')])
    assert.throws(() => plainJson.toConnectData('t', invalidUtf8), /serialization error/)
  })

  it('as JSON.parse does, for random documents', () => {
    for (let i = 0; i < 500; i++) {
      const document = [randomValue(4)]
      const json = JSON.stringify(document, undefined, i % 2)
      assert.deepEqual(read(json), document)
      assert.equal(rewritten(json), JSON.stringify(document))
    }
  })

  it('no cut off document', () => {
    const json = JSON.stringify({ a: [1, 'é€', { b: null, c: [true, false, -1.5e10] }], d: '\\"' })
    const bytes = Buffer.from(json)
    for (let end = 1; end < bytes.length; end++) {
      assert.throws(
        () => plainJson.toConnectData('t', bytes.subarray(0, end)),
        (error: Error) => errorCode(error) === 'DATA',
      )
    }
  })
})

function randomValue(depth: number): unknown {
  switch (Math.floor(Math.random() * (depth === 0 ? 5 : 7))) {
    case 0:
      return null
    case 1:
      return Math.random() < 0.5
    case 2:
      return Math.round((Math.random() - 0.5) * 1e6)
    case 3:
      return (Math.random() - 0.5) * 1e9
    case 4:
      return String.fromCodePoint(
        ...Array.from({ length: Math.floor(Math.random() * 20) }, () => 1 + Math.floor(Math.random() * 0xd000)),
      )
    case 5:
      return Array.from({ length: Math.floor(Math.random() * 4) }, () => randomValue(depth - 1))
    default:
      return Object.fromEntries(
        Array.from({ length: Math.floor(Math.random() * 4) }, (_, i) => [`k${i} "\n`, randomValue(depth - 1)]),
      )
  }
}

describe('JsonConverter reads envelopes', () => {
  it('back what it wrote, with the same schema object for the same schema bytes', () => {
    const first = enveloped.toConnectData('t', Buffer.from(GOLDEN))
    const second = enveloped.toConnectData('t', Buffer.from(GOLDEN.replace('"i8":1', '"i8":2')))
    assert.equal(first.schema, second.schema)
    assert.deepEqual(first.schema, GOLDEN_SCHEMA)
    assert.deepEqual(plain(first.value), { ...GOLDEN_VALUE, i64: 7n })
    assert.deepEqual(plain(second.value), { ...GOLDEN_VALUE, i8: 2, i64: 7n })
    assert.equal(written(first.schema, first.value, enveloped), GOLDEN)
  })

  it('with members in any order and with white space', () => {
    const { schema: of, value } = enveloped.toConnectData(
      't',
      Buffer.from('{ "payload" : 5 , "schema" : {"type":"int64"} } '),
    )
    assert.equal(of?.type, 'INT64')
    assert.equal(value, 5n)
  })

  it('of alternating schemas', () => {
    const [a, b] = [
      '{"schema":{"type":"int32","optional":true},"payload":1}',
      '{"schema":{"type":"string"},"payload":"x"}',
    ]
    for (let i = 0; i < 3; i++) {
      assert.equal(read(a, enveloped), 1)
      assert.equal(read(b, enveloped), 'x')
    }
  })

  it('decimals with all their digits', () => {
    const json =
      '{"schema":{"type":"struct","fields":[{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"20"},"field":"d"}]},"payload":{"d":12345678901234567890.12345678901234567890}}'
    assert.equal(String((read(json, enveloped) as { d: Decimal }).d), '12345678901234567890.12345678901234567890')
    const endless = json.replace(/"d":1.*?}/, '"d":1e99999}')
    assert.throws(() => read(endless, enveloped), /Invalid Decimal: the exponent of 1e99999 is too large/)
  })

  it('scalars as loosely as Connect', () => {
    const table: readonly (readonly [string, string, unknown])[] = [
      ['int32', '"x"', 0],
      ['int8', '300', 44],
      ['int16', '65537', 1],
      ['int64', '9223372036854775807', 9223372036854775807n],
      ['string', '5', null],
      ['boolean', '1', false],
      ['double', '5', 5],
    ]
    for (const [type, payload, expected] of table)
      assert.equal(read(`{"schema":{"type":"${type}"},"payload":${payload}}`, enveloped), expected, type)
  })

  it('with the messages of Connect when they are none', () => {
    const table: readonly (readonly [string, RegExp])[] = [
      [
        '{"a":1}',
        /JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields\./,
      ],
      ['null', /requires "schema" and "payload"/],
      ['{"schema":null,"payload":1,"x":2}', /may not contain additional fields/],
      ['{"schema":{"type":"foo"},"payload":1}', /Unknown schema type: foo/],
      ['{"schema":{},"payload":1}', /Schema must contain 'type' field/],
      ['{"schema":{"type":"int32"},"payload":null}', /Invalid null value for required INT32 field/],
      [
        '{"schema":{"type":"struct","fields":[]},"payload":[]}',
        /Structs should be encoded as JSON objects, but found ARRAY/,
      ],
      ['{"schema":{"type":"string"},"payload":', /serialization error/],
    ]
    for (const [json, message] of table)
      assert.throws(
        () => read(json, enveloped),
        (error: Error) => errorCode(error) === 'DATA' && message.test(error.message),
        json,
      )
  })

  it('nothing but the payload when schema.content gives the schema', () => {
    const fixed = converter({ 'schema.content': '{"type":"struct","fields":[{"type":"int64","field":"a"}]}' })
    assert.deepEqual(read('{"a":1}', fixed), { a: 1n })
    assert.throws(
      () => converter({ 'schema.content': '{"type":"x"}' }),
      /schema.content is no schema: Unknown schema type: x/,
    )
  })

  it('every schema it can write', () => {
    const every = schema.struct({
      b: schema.boolean({ default: false }),
      f: schema.float32({ optional: true }),
      d: schema.float64(),
      m: schema.map(schema.string(), schema.array(schema.bytes())),
      ts: timestampSchema({ optional: true, default: new Date(5) }),
      dec: decimalSchema(3, { default: new Decimal(1500n, 3) }),
      'ü"': schema.string({ doc: 'a\nb' }),
    })
    const value = {
      b: true,
      f: 0.5,
      d: 2,
      m: new Map([['k', [Buffer.from('x')]]]),
      ts: new Date(9),
      dec: new Decimal(1n, 3),
      'ü"': 'v',
    }
    const bytes = enveloped.fromConnectData('t', every, value)
    const back = enveloped.toConnectData('t', bytes)
    assert.deepEqual(back.schema, every)
    assert.deepEqual(plain(back.value), value)
  })
})
