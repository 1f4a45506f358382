import type { Schema } from './schema.ts'

export interface Header {
  readonly key: string
  readonly schema: Schema | undefined
  readonly value: unknown
}

/** Map of a source's partition or offset: primitive values only; the field order is part of its identity in the offset topic. */
export type SourcePartition = Readonly<Record<string, string | number | bigint | boolean | null>>
export type SourceOffset = SourcePartition

/** What sources and sinks have in common. `key` and `value` are plain values or EncodedValues (encoded-value.ts). */
export interface ConnectRecord {
  readonly topic: string
  /** Kafka partition; undefined: chosen by the producer from the key. */
  readonly partition: number | undefined
  readonly keySchema: Schema | undefined
  readonly key: unknown
  readonly valueSchema: Schema | undefined
  readonly value: unknown
  /** Milliseconds since the epoch. */
  readonly timestamp: number | undefined
  readonly headers: readonly Header[]
}

export interface SourceRecord extends ConnectRecord {
  /** Records of one source partition share the same object where possible: the ack ledger looks it up by identity first. */
  readonly sourcePartition: SourcePartition
  readonly sourceOffset: SourceOffset
}

export interface SinkRecord extends ConnectRecord {
  readonly partition: number
  /** Offset in the partition; safe integer. */
  readonly offset: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime' | 'NoTimestampType'
  /** As consumed, before transformations. */
  readonly originalTopic: string
  readonly originalPartition: number
  readonly originalOffset: number
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export const NO_HEADERS: readonly Header[] = Object.freeze([])
