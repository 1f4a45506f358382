import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ENCODED, errorCode, schema } from '../../../runtime/api/index.ts'
import type { EncodedValue } from '../../../runtime/api/index.ts'
import { transformations } from '../../../runtime/transforms/builtin-transformations.ts'
import { SINK, apply, schemaless, typed, isUntouched, PERSON } from './apply.ts'

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
    assert.throws(
      () => typed('ExtractField', { field: 'x' }, schema.string(), 'plain'),
      /Only Struct objects supported for \[field extraction\], found: java\.lang\.String/,
    )
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
