import type { Offsets, SinkRecord, TopicPartition } from '../api/index.ts'
import { partitionName } from '../kafka/topic-partition.ts'

/** Converted records for put() and the offsets that count as delivered once it took them. */
export interface SinkBatch {
  readonly records: readonly SinkRecord[]
  readonly ends: Offsets
}

/** Holds the batch that put() could not take yet, while all partitions are paused and polling goes on. */
export class SinkRedelivery {
  #held: SinkBatch | undefined

  get isPending(): boolean {
    return this.#held !== undefined
  }

  hold(batch: SinkBatch): void {
    this.#held = batch
  }

  take(): SinkBatch | undefined {
    const held = this.#held
    this.#held = undefined
    return held
  }

  /** Partitions that went to somebody else: their records are not ours to deliver any more. */
  drop(partitions: readonly TopicPartition[]): void {
    if (this.#held === undefined || partitions.length === 0) return
    const gone = new Set(partitions.map(({ topic, partition }) => partitionName(topic, partition)))
    const records = this.#held.records.filter(
      (record) => !gone.has(partitionName(record.originalTopic, record.originalPartition)),
    )
    const ends = this.#held.ends.filter(({ topic, partition }) => !gone.has(partitionName(topic, partition)))
    this.#held = ends.length === 0 ? undefined : { records, ends }
  }
}
