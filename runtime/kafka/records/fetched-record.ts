/** A header of a record; keys may repeat, order counts. */
export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

export type TimestampType = 'CreateTime' | 'LogAppendTime' | 'NoTimestampType'

/**
 * A record as read from a partition. Offsets and timestamps (ms since the epoch) are safe integers.
 * `key` and `value` are views into the fetched response: copy what is kept for long, or it pins the whole response.
 */
export interface FetchedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: TimestampType
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Decoded on first use. */
  readonly headers: readonly RecordHeader[]
}
