import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  dateSchema,
  Decimal,
  decimalSchema,
  ENCODED,
  errorCode,
  NO_HEADERS,
  schema,
  timestampSchema,
} from '../../../runtime/api/index.ts'
import type { ConnectRecord, EncodedValue, Props, Schema, SinkRecord } from '../../../runtime/api/index.ts'
import { predicates, transformations } from '../../../runtime/transforms/builtin-transformations.ts'
import { JavaDateFormat } from '../../../runtime/transforms/java-date-format.ts'

const SINK: SinkRecord = {
  topic: 'orders',
  partition: 3,
  offset: 42,
  keySchema: undefined,
  key: null,
  valueSchema: undefined,
  value: null,
  timestamp: Date.UTC(2024, 1, 29, 13, 5, 6, 7),
  timestampType: 'CreateTime',
  headers: NO_HEADERS,
  originalTopic: 'orders',
  originalPartition: 3,
  originalOffset: 42,
}

function apply(name: string, props: Props, record: Partial<SinkRecord>): ConnectRecord | undefined {
  const transformation = new transformations[`org.apache.kafka.connect.transforms.${name}`]!()
  transformation.configure(props)
  return transformation.apply({ ...SINK, ...record })
}

/** What becomes of a value without schema. */
function schemaless(name: string, props: Props, value: unknown): unknown {
  return apply(`${name}$Value`, props, { value })!.value
}

function typed(
  name: string,
  props: Props,
  valueSchema: Schema,
  value: unknown,
): { schema: Schema | undefined; value: unknown } {
  const record = apply(`${name}$Value`, props, { valueSchema, value })!
  return { schema: record.valueSchema, value: record.value }
}

function isUntouched(name: string, props: Props, record: Partial<SinkRecord>): void {
  const transformation = new transformations[`org.apache.kafka.connect.transforms.${name}`]!()
  transformation.configure(props)
  const given = { ...SINK, ...record }
  assert.equal(transformation.apply(given), given)
}

const PERSON = schema.struct(
  { id: schema.int64(), name: schema.string({ optional: true, default: 'anon' }) },
  { name: 'Person', optional: true },
)

describe('RegexRouter', () => {
  it('replaces groups in topics that fit whole', () => {
    const route = (topic: string, regex: string, replacement: string): string =>
      apply('RegexRouter', { regex, replacement }, { topic })!.topic
    assert.equal(route('top', 't(.*)', 'x-$1'), 'x-op')
    assert.equal(route('db.public.orders', '([^.]+)\\.([^.]+)\\.([^.]+)', '$3'), 'orders')
    assert.equal(route('a', '(a)', '$10'), 'a0')
    assert.equal(route('a', '(?<n>a)', '${n}\\$1'), 'a$1')
    assert.equal(route('orders', 'order', 'x'), 'orders')
    isUntouched('RegexRouter', { regex: 'x', replacement: 'y' }, {})
  })
})

describe('InsertField', () => {
  const props = {
    'topic.field': 't!',
    'partition.field': 'p',
    'offset.field': 'o?',
    'timestamp.field': 'ts',
    'static.field': 's',
    'static.value': 'v',
  }

  it('adds metadata to maps', () => {
    assert.deepEqual(schemaless('InsertField', props, { a: 1 }), {
      a: 1,
      t: 'orders',
      p: 3,
      o: 42,
      ts: SINK.timestamp,
      s: 'v',
    })
  })

  it('adds metadata to structs, with a schema made once', () => {
    const { schema: updated, value } = typed('InsertField', props, PERSON, { id: 1n, name: null })
    assert.deepEqual(value, { id: 1n, name: 'anon', t: 'orders', p: 3, o: 42n, ts: new Date(SINK.timestamp!), s: 'v' })
    assert.deepEqual(
      updated?.fields?.map((field) => [field.name, field.schema.type, field.schema.optional]),
      [
        ['id', 'INT64', false],
        ['name', 'STRING', true],
        ['t', 'STRING', false],
        ['p', 'INT32', true],
        ['o', 'INT64', true],
        ['ts', 'INT64', true],
        ['s', 'STRING', true],
      ],
    )
    assert.equal(updated?.name, 'Person')
    assert.equal(updated?.optional, false)
  })

  it('lets tombstones pass and wants something to insert', () => {
    isUntouched('InsertField$Value', props, { value: null })
    assert.throws(() => apply('InsertField$Value', {}, {}), /No field insertion configured/)
    assert.throws(() => apply('InsertField$Value', { 'static.field': 'a' }, {}), /static\.value/)
  })

  it('has no offset for source records and works on structures only', () => {
    const transformation = new transformations['org.apache.kafka.connect.transforms.InsertField$Value']!()
    transformation.configure({ 'offset.field': 'o' })
    const { offset: _, ...record } = { ...SINK, value: {}, sourcePartition: {}, sourceOffset: {} }
    assert.throws(
      () => transformation.apply(record),
      /Only SinkRecord supported for \[field insertion\], found: org\.apache/,
    )
    assert.throws(
      () => schemaless('InsertField', props, 'text'),
      (error: Error) => {
        assert.equal(errorCode(error), 'DATA')
        assert.equal(
          error.message,
          'Only Map objects supported in absence of schema for [field insertion], found: java.lang.String',
        )
        return true
      },
    )
  })

  it('decodes an encoded value', () => {
    const encoded: EncodedValue = { [ENCODED]: true, schema: undefined, decode: () => ({ a: 1 }), writeJson() {} }
    assert.deepEqual(schemaless('InsertField', { 'topic.field': 't' }, encoded), { a: 1, t: 'orders' })
  })
})

describe('ReplaceField', () => {
  it('leaves out and renames, exclude winning', () => {
    const props = { exclude: 'x', include: 'x,a,b', renames: 'a:c' }
    assert.deepEqual(schemaless('ReplaceField', props, { x: 1, a: 2, b: 3, d: 4 }), { c: 2, b: 3 })
    const of = schema.struct({ x: schema.int8(), a: schema.string() }, { name: 'N', version: 2 })
    const { schema: updated, value } = typed('ReplaceField', props, of, { x: 1, a: 'y' })
    assert.deepEqual(value, { c: 'y' })
    assert.deepEqual(updated, schema.struct({ c: schema.string() }, { name: 'N', version: 2 }))
  })

  it('returns the same record when nothing changes', () => {
    isUntouched('ReplaceField$Value', { exclude: 'z' }, { value: { a: 1 } })
    isUntouched(
      'ReplaceField$Value',
      { exclude: 'z' },
      { value: { id: 1n }, valueSchema: schema.struct({ id: schema.int64() }) },
    )
    isUntouched('ReplaceField$Key', { exclude: 'z' }, {})
    assert.throws(() => schemaless('ReplaceField', { renames: 'a' }, {}), /Invalid rename mapping: a/)
  })
})

describe('Filter and predicates', () => {
  const test = (name: string, props: Props, record: Partial<SinkRecord>): boolean => {
    const predicate = new predicates[`org.apache.kafka.connect.transforms.predicates.${name}`]!()
    predicate.configure(props)
    return predicate.test({ ...SINK, ...record })
  }

  it('drop, and decide', () => {
    assert.equal(apply('Filter', {}, {}), undefined)
    assert.equal(test('TopicNameMatches', { pattern: 'ord.*' }, {}), true)
    assert.equal(test('TopicNameMatches', { pattern: 'ord' }, {}), false)
    assert.throws(() => test('TopicNameMatches', { pattern: '(' }, {}), /regular expression/)
    assert.equal(test('HasHeaderKey', { name: 'h' }, { headers: [{ key: 'h', schema: undefined, value: 1 }] }), true)
    assert.equal(test('HasHeaderKey', { name: 'h' }, {}), false)
    assert.equal(test('RecordIsTombstone', {}, {}), true)
    assert.equal(test('RecordIsTombstone', {}, { value: 0 }), false)
  })
})

describe('ExtractField, ValueToKey and HoistField', () => {
  it('extract a field or a path', () => {
    assert.equal(schemaless('ExtractField', { field: 'a' }, { a: 5 }), 5)
    assert.equal(schemaless('ExtractField', { field: 'b' }, { a: 5 }), null)
    assert.equal(schemaless('ExtractField', { field: 'a' }, null), null)
    const v2 = { 'field.syntax.version': 'v2' }
    assert.equal(schemaless('ExtractField', { ...v2, field: 'a.b' }, { a: { b: 1 } }), 1)
    assert.equal(schemaless('ExtractField', { ...v2, field: 'a.`b.c`.d' }, { a: { 'b.c': { d: 2 } } }), 2)
    assert.throws(
      () => schemaless('ExtractField', { ...v2, field: 'a.`b' }, {}),
      /Incomplete backtick pair in path: \[a\.`b\]/,
    )
    assert.deepEqual(typed('ExtractField', { field: 'name' }, PERSON, { id: 1n }), {
      schema: PERSON.fields![1]!.schema,
      value: 'anon',
    })
    assert.throws(() => typed('ExtractField', { field: 'x' }, PERSON, { id: 1n }), /Unknown field: x/)
  })

  it('make a key of value fields', () => {
    const record = apply('ValueToKey', { fields: 'id' }, { valueSchema: PERSON, value: { id: 7n } })!
    assert.deepEqual(record.key, { id: 7n })
    assert.deepEqual(record.keySchema, schema.struct({ id: schema.int64() }))
    assert.deepEqual(apply('ValueToKey', { fields: 'a,b' }, { value: { a: 1 } })!.key, { a: 1, b: null })
    assert.throws(
      () => apply('ValueToKey', { fields: 'x' }, { valueSchema: PERSON, value: { id: 7n } }),
      /Field does not exist: x/,
    )
    assert.throws(() => apply('ValueToKey', { fields: '' }, {}), /'fields' must not be empty/)
    assert.throws(() => apply('ValueToKey', { fields: 'x' }, {}), /found: null/)
  })

  it('wrap, null too', () => {
    assert.deepEqual(schemaless('HoistField', { field: 'f' }, null), { f: null })
    assert.deepEqual(typed('HoistField', { field: 'f' }, schema.int32(), 5), {
      schema: schema.struct({ f: schema.int32() }),
      value: { f: 5 },
    })
  })
})

describe('Flatten', () => {
  it('joins names, keeps arrays, and passes optionality and defaults down', () => {
    assert.deepEqual(
      schemaless('Flatten', { delimiter: '_' }, { a: { b: { c: 1 } }, d: [{ e: 1 }], m: new Map([['k', 2]]) }),
      { a_b_c: 1, d: [{ e: 1 }], m_k: 2 },
    )
    const inner = schema.struct({ x: schema.int32(), y: schema.string({ default: 'q' }) }, { optional: true })
    const of = schema.struct({ a: inner, z: schema.boolean() }, { name: 'N' })
    const { schema: flat, value } = typed('Flatten', {}, of, { a: { x: 1 }, z: true })
    assert.deepEqual(value, { 'a.x': 1, 'a.y': 'q', z: true })
    assert.deepEqual(
      flat,
      schema.struct(
        [
          ['a.x', schema.int32({ optional: true })],
          ['a.y', schema.string({ optional: true, default: 'q' })],
          ['z', schema.boolean()],
        ],
        { name: 'N' },
      ),
    )
    assert.deepEqual(typed('Flatten', {}, of, { a: null, z: true }).value, { 'a.x': null, 'a.y': null, z: true })
    const withMap = schema.struct({ m: schema.map(schema.string(), schema.string()) })
    assert.throws(() => typed('Flatten', {}, withMap, { m: new Map() }), /does not support MAP/)
    isUntouched('Flatten$Value', {}, { value: null })
  })
})

describe('MaskField', () => {
  it('empties or replaces', () => {
    const value = {
      n: 5,
      b: 5n,
      s: 'x',
      t: true,
      d: new Date(5),
      l: [1],
      m: new Map([[1, 1]]),
      keep: 1,
      dec: new Decimal(5n, 2),
    }
    assert.deepEqual(schemaless('MaskField', { fields: 'n,b,s,t,d,l,m,dec,nope' }, value), {
      n: 0,
      b: 0n,
      s: '',
      t: false,
      d: new Date(0),
      l: [],
      m: new Map(),
      keep: 1,
      dec: new Decimal(0n, 2),
      nope: null,
    })
    assert.deepEqual(schemaless('MaskField', { fields: 'n,s', replacement: '123' }, { n: 5, s: 'x' }), {
      n: 123,
      s: '123',
    })
    assert.throws(
      () => schemaless('MaskField', { fields: 'n', replacement: 'x' }, { n: 5 }),
      /Unable to convert x \(class java\.lang\.String\) to a number/,
    )
    assert.throws(
      () => schemaless('MaskField', { fields: 'n', replacement: 'x' }, { n: true }),
      /Cannot mask value of type class java\.lang\.Boolean with custom replacement\./,
    )
    assert.deepEqual(typed('MaskField', { fields: 'name,nope' }, PERSON, { id: 1n, name: 'n' }), {
      schema: PERSON,
      value: { id: 1n, name: '' },
    })
    assert.throws(() => schemaless('MaskField', { fields: 'n' }, null), /found: null/)
  })
})

describe('Cast', () => {
  it('casts schemaless values, wrapping as Java does', () => {
    const table: readonly (readonly [unknown, string, unknown])[] = [
      [300, 'int8', 44],
      ['-5', 'int16', -5],
      [2.9, 'int32', 2],
      [1e12, 'int64', 1000000000000n],
      ['1.5', 'float64', 1.5],
      [0.1, 'float32', Math.fround(0.1)],
      [0, 'boolean', false],
      ['TRUE', 'boolean', true],
      [1.5, 'string', '1.5'],
      [true, 'string', 'true'],
      [Buffer.from('abc'), 'string', 'YWJj'],
    ]
    for (const [value, type, expected] of table) assert.deepEqual(schemaless('Cast', { spec: type }, value), expected)
    assert.deepEqual(schemaless('Cast', { spec: 'a:string, b:int8' }, { a: 1 }), { a: '1', b: null })
    assert.throws(
      () => schemaless('Cast', { spec: 'int8' }, '300'),
      /Value \(300\) was out of range for requested data type/,
    )
  })

  it('casts fields of structs with their schema and default', () => {
    const of = schema.struct(
      { a: schema.int32({ optional: true, default: 7 }), d: dateSchema(), ts: timestampSchema() },
      { optional: true },
    )
    const { schema: updated, value } = typed('Cast', { spec: 'a:string,d:int32,ts:int64' }, of, {
      a: null,
      d: new Date('1970-01-11'),
      ts: new Date(5),
    })
    assert.deepEqual(value, { a: '7', d: 10, ts: 5n })
    assert.deepEqual(
      updated,
      schema.struct(
        { a: schema.string({ optional: true, default: '7' }), d: schema.int32(), ts: schema.int64() },
        { optional: true },
      ),
    )
    assert.throws(
      () => typed('Cast', { spec: 'a:int8' }, schema.struct({ a: schema.array(schema.int8()) }), { a: [] }),
      /does not support/,
    )
  })

  it('refuses specs that mean nothing', () => {
    assert.throws(() => schemaless('Cast', { spec: 'int8,a:int8' }, {}), /may only specify a single cast/)
    assert.throws(() => schemaless('Cast', { spec: 'a:int9' }, {}), /One of int8, int16/)
    isUntouched('Cast$Value', { spec: 'int8' }, { value: null })
  })
})

describe('headers', () => {
  const headers = [
    { key: 'a', schema: undefined, value: 1 },
    { key: 'b', schema: undefined, value: 2 },
    { key: 'a', schema: undefined, value: 3 },
  ]

  it('are dropped and inserted', () => {
    assert.deepEqual(apply('DropHeaders', { headers: 'a' }, { headers })!.headers, [headers[1]])
    isUntouched('DropHeaders', { headers: 'x' }, { headers })
    assert.deepEqual(apply('InsertHeader', { header: 'h', 'value.literal': '1.0' }, {})!.headers, [
      { key: 'h', schema: schema.int8(), value: 1 },
    ])
  })

  it('are made of fields', () => {
    const props = { fields: 'id', headers: 'h' }
    const moved = apply(
      'HeaderFrom$Value',
      { ...props, operation: 'move' },
      { valueSchema: PERSON, value: { id: 1n, name: 'x' } },
    )!
    assert.deepEqual(moved.headers, [{ key: 'h', schema: schema.int64(), value: 1n }])
    assert.deepEqual(moved.value, { name: 'x' })
    assert.deepEqual(
      moved.valueSchema?.fields?.map(({ name }) => name),
      ['name'],
    )
    const copied = apply('HeaderFrom$Value', { ...props, operation: 'copy' }, { value: { id: 5 } })!
    assert.deepEqual([copied.headers, copied.value], [[{ key: 'h', schema: undefined, value: 5 }], { id: 5 }])
    assert.throws(
      () => apply('HeaderFrom$Value', { fields: 'a,b', headers: 'h', operation: 'copy' }, {}),
      /same number of elements/,
    )
  })
})

describe('SetSchemaMetadata', () => {
  it('changes name and version and leaves the value alone', () => {
    const value = { id: 1n }
    const props = { 'schema.name': 'N', 'schema.version': '3', 'replace.null.with.default': 'false' }
    const result = typed('SetSchemaMetadata', props, PERSON, value)
    assert.equal(result.value, value)
    assert.deepEqual(typed('SetSchemaMetadata', { 'schema.name': 'N' }, PERSON, value).value, { id: 1n, name: 'anon' })
    assert.deepEqual([result.schema?.name, result.schema?.version, result.schema?.optional], ['N', 3, true])
    isUntouched('SetSchemaMetadata$Value', { 'schema.name': 'N' }, {})
    assert.throws(
      () => schemaless('SetSchemaMetadata', { 'schema.name': 'N' }, {}),
      /Schema required for \[updating schema metadata\]/,
    )
    assert.throws(() => schemaless('SetSchemaMetadata', {}, {}), /Neither schema name nor version configured/)
  })
})

describe('timestamps', () => {
  it('route topics', () => {
    assert.equal(apply('TimestampRouter', {}, {})!.topic, 'orders-20240229')
    assert.equal(
      apply('TimestampRouter', { 'topic.format': '${timestamp}/${topic}', 'timestamp.format': 'yyyy-MM' }, {})!.topic,
      '2024-02/orders',
    )
    assert.throws(() => apply('TimestampRouter', {}, { timestamp: undefined as never }), /Timestamp missing on record/)
  })

  it('are converted between all their forms', () => {
    const at = new Date(Date.UTC(2024, 1, 29, 13, 5, 6, 7))
    const convert = (props: Props, value: unknown): unknown => schemaless('TimestampConverter', props, value)
    assert.equal(convert({ 'target.type': 'unix' }, at), BigInt(at.getTime()))
    assert.equal(convert({ 'target.type': 'unix', 'unix.precision': 'seconds' }, at), 1709211906n)
    assert.deepEqual(
      convert({ 'target.type': 'Timestamp', 'unix.precision': 'microseconds' }, BigInt(at.getTime()) * 1000n),
      at,
    )
    assert.deepEqual(convert({ 'target.type': 'Date' }, at), new Date('2024-02-29'))
    assert.deepEqual(convert({ 'target.type': 'Time' }, at), new Date(at.getTime() % 86_400_000))
    assert.equal(
      convert({ 'target.type': 'string', format: "yyyy-MM-dd'T'HH:mm:ss.SSS" }, at),
      '2024-02-29T13:05:06.007',
    )
    assert.deepEqual(
      convert({ 'target.type': 'Timestamp', format: 'dd/MM/yyyy HH:mm' }, '29/02/2024 13:05'),
      new Date('2024-02-29T13:05Z'),
    )
    assert.deepEqual(convert({ 'target.type': 'unix', field: 'ts' }, { ts: at, a: 1 }), {
      ts: BigInt(at.getTime()),
      a: 1,
    })
    assert.equal(convert({ 'target.type': 'unix' }, null), null)
    assert.throws(() => convert({ 'target.type': 'string' }, at), /requires format option/)
    assert.throws(
      () => convert({ 'target.type': 'unix' }, true),
      /does not support class java\.lang\.Boolean objects as timestamps/,
    )
    assert.throws(() => convert({ 'target.type': 'unix', format: 'yyyy' }, 'x'), /Could not parse timestamp/)
  })

  it('are converted inside of structs', () => {
    const of = schema.struct({ ts: schema.int64({ optional: true }), n: decimalSchema(1) })
    const result = typed('TimestampConverter', { 'target.type': 'Timestamp', field: 'ts' }, of, {
      ts: 5n,
      n: new Decimal(1n, 1),
    })
    assert.deepEqual(result.value, { ts: new Date(5), n: new Decimal(1n, 1) })
    assert.deepEqual(
      result.schema,
      schema.struct({ ts: timestampSchema({ optional: true }), n: decimalSchema(1) }, { optional: false }),
    )
    assert.equal(
      typed('TimestampConverter', { 'target.type': 'string', format: 'HH' }, timestampSchema({ optional: true }), null)
        .value,
      null,
    )
  })

  it('have the patterns of SimpleDateFormat', () => {
    const at = new Date(Date.UTC(2024, 1, 9, 0, 5, 6, 7))
    const table: readonly (readonly [string, string])[] = [
      ['yyyyMMddHHmmssSSS', '20240209000506007'],
      ['yy-M-d', '24-2-9'],
      ['EEE, d MMM yyyy HH:mm:ss Z', 'Fri, 9 Feb 2024 00:05:06 +0000'],
      ["h 'o''clock' a", "12 o'clock AM"],
      ['EEEE MMMM k X', 'Friday February 24 Z'],
      ['yyyy-DDD', '2024-040'],
    ]
    for (const [pattern, text] of table) assert.equal(new JavaDateFormat('f', pattern).format(at), text)
    assert.equal(new JavaDateFormat('f', 'yyyyMMddHHmmssSSS').parse('20240209000506007').getTime(), at.getTime())
    assert.equal(
      new JavaDateFormat('f', 'd MMM yyyy h:mm a X').parse('9 feb 2024 1:30 PM +02:00').getTime(),
      Date.UTC(2024, 1, 9, 11, 30),
    )
    assert.throws(() => new JavaDateFormat('f', 'yyyy-bb'), /Illegal pattern character 'b'/)
  })
})
