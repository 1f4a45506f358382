import assert from 'node:assert/strict'
import { NO_HEADERS, schema } from '../../../runtime/api/index.ts'
import type { ConnectRecord, Props, Schema, SinkRecord } from '../../../runtime/api/index.ts'
import { transformations } from '../../../runtime/transforms/builtin-transformations.ts'

export const SINK: SinkRecord = {
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

export function apply(name: string, props: Props, record: Partial<SinkRecord>): ConnectRecord | undefined {
  const transformation = new transformations[`org.apache.kafka.connect.transforms.${name}`]!()
  transformation.configure(props)
  return transformation.apply({ ...SINK, ...record })
}

/** What becomes of a value without schema. */
export function schemaless(name: string, props: Props, value: unknown): unknown {
  return apply(`${name}$Value`, props, { value })!.value
}

export function typed(
  name: string,
  props: Props,
  valueSchema: Schema,
  value: unknown,
): { schema: Schema | undefined; value: unknown } {
  const record = apply(`${name}$Value`, props, { valueSchema, value })!
  return { schema: record.valueSchema, value: record.value }
}

export function isUntouched(name: string, props: Props, record: Partial<SinkRecord>): void {
  const transformation = new transformations[`org.apache.kafka.connect.transforms.${name}`]!()
  transformation.configure(props)
  const given = { ...SINK, ...record }
  assert.equal(transformation.apply(given), given)
}

export const PERSON = schema.struct(
  { id: schema.int64(), name: schema.string({ optional: true, default: 'anon' }) },
  { name: 'Person', optional: true },
)
