import type { CommittedOffset, SourceOffset, SourcePartition } from '../api/index.ts'
import { offsetKey, offsetValue } from '../storage/offset-records.ts'

export interface OffsetRecord {
  readonly key: Buffer
  /** null: the source has no offset there any more. */
  readonly value: Buffer | null
}

/** Where offset records go: the offset topic, or the worker's file. Resolves when they are durable. */
export type OffsetSink = (records: readonly OffsetRecord[], signal: AbortSignal) => Promise<void>

/** The source offsets of one connector, in bytes as Kafka Connect writes them. */
export class SourceOffsets {
  readonly #connector: string
  /** Key bytes by partition object: a commit costs no more than the values that changed. */
  readonly #keys = new WeakMap<SourcePartition, Buffer>()

  constructor(connector: string) {
    this.#connector = connector
  }

  encode(offsets: readonly CommittedOffset[]): readonly OffsetRecord[] {
    return offsets.map(({ partition, offset }) => ({
      key: this.#keyOf(partition),
      value: (offset as SourceOffset | null) === null ? null : offsetValue(offset),
    }))
  }

  #keyOf(partition: SourcePartition): Buffer {
    let key = this.#keys.get(partition)
    if (key === undefined) {
      key = offsetKey(this.#connector, partition)
      this.#keys.set(partition, key)
    }
    return key
  }
}
