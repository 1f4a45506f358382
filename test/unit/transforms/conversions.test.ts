import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dateSchema, Decimal, decimalSchema, schema, timestampSchema } from '../../../runtime/api/index.ts'
import type { Props } from '../../../runtime/api/index.ts'
import { JavaDateFormat } from '../../../runtime/transforms/java-date-format.ts'
import { apply, schemaless, typed, isUntouched, PERSON } from './apply.ts'

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
