import type { Header, Schema, SchemaAndValue, SinkRecord } from '../api/index.ts'
import type { FetchedRecord } from '../kafka/fetcher.ts'

const RAW: unique symbol = Symbol('naru.raw')

/** A sink record that knows the bytes it came from, for the dead letter queue. Copies by spread keep that knowledge. */
export class ConsumedRecord implements SinkRecord {
  readonly [RAW]: FetchedRecord
  readonly topic: string
  readonly partition: number
  readonly keySchema: Schema | undefined
  readonly key: unknown
  readonly valueSchema: Schema | undefined
  readonly value: unknown
  readonly timestamp: number | undefined
  readonly headers: readonly Header[]
  readonly offset: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime' | 'NoTimestampType'
  readonly originalTopic: string
  readonly originalPartition: number
  readonly originalOffset: number

  constructor(raw: FetchedRecord, key: SchemaAndValue, value: SchemaAndValue, headers: readonly Header[]) {
    this[RAW] = raw
    this.topic = raw.topic
    this.partition = raw.partition
    this.keySchema = key.schema
    this.key = key.value
    this.valueSchema = value.schema
    this.value = value.value
    this.timestamp = raw.timestampType === 'NoTimestampType' || raw.timestamp < 0 ? undefined : raw.timestamp
    this.headers = headers
    this.offset = raw.offset
    this.timestampType = raw.timestampType
    this.originalTopic = raw.topic
    this.originalPartition = raw.partition
    this.originalOffset = raw.offset
  }
}

/** As consumed; undefined for a record that a plugin made itself. */
export function rawOf(record: SinkRecord): FetchedRecord | undefined {
  return (record as Partial<ConsumedRecord>)[RAW]
}

/** A transformed record that keeps where `original` came from. */
export function withOrigin(record: SinkRecord, original: ConsumedRecord): SinkRecord {
  if (rawOf(record) !== undefined) return record
  return Object.assign({}, record, {
    [RAW]: original[RAW],
    originalTopic: original.originalTopic,
    originalPartition: original.originalPartition,
    originalOffset: original.originalOffset,
  })
}
