import type { RecordHeader } from './records/fetched-record.ts'

export interface ProducerRecord {
  readonly topic: string
  /** undefined: by murmur2 of the key, as Java; without a key: sticky. */
  readonly partition?: number | undefined
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly RecordHeader[]
  /** Milliseconds since the epoch; undefined: now. */
  readonly timestamp?: number | undefined
}

/** Called once per broker batch, on the event loop, never re-entrantly from send(). */
export interface DeliveryListener<R extends ProducerRecord = ProducerRecord> {
  /** Consecutive offsets from `baseOffset` on; −1 where the broker tells none (acks=0, a duplicate it already had). */
  delivered(records: readonly R[], topic: string, partition: number, baseOffset: number): void
  failed(records: readonly R[], error: Error): void
}
