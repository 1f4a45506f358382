import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { schema } from '../../../runtime/api/index.ts'
import type { Props, SinkRecord } from '../../../runtime/api/index.ts'
import { predicates } from '../../../runtime/transforms/builtin-transformations.ts'
import { SINK, apply, schemaless, typed, isUntouched, PERSON } from './apply.ts'

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
