import type { SourceOffset, SourcePartition } from '../api/index.ts'
import type { ProducerRecord, RecordHeader } from '../kafka/producer.ts'
import type { Submitted } from './submitted-records.ts'

const NONE: readonly RecordHeader[] = Object.freeze([])

/** A converted source record on its way to Kafka; at the same time its entry in the ack ledger. */
export class OutgoingRecord implements ProducerRecord, Submitted {
  readonly topic: string
  readonly partition: number | undefined
  key: Uint8Array | null
  value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  readonly timestamp: number | undefined
  readonly sourcePartition: SourcePartition
  readonly sourceOffset: SourceOffset
  acked = false

  constructor(
    record: {
      readonly topic: string
      readonly partition: number | undefined
      readonly timestamp: number | undefined
      readonly sourcePartition: SourcePartition
      readonly sourceOffset: SourceOffset
    },
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = NONE,
  ) {
    this.topic = record.topic
    this.partition = record.partition
    this.key = key
    this.value = value
    this.headers = headers
    this.timestamp = record.timestamp
    this.sourcePartition = record.sourcePartition
    this.sourceOffset = record.sourceOffset
  }

  /** The producer has copied the bytes: views that waited for the ack would only keep the collector busy. */
  release(): void {
    this.key = null
    this.value = null
  }
}
