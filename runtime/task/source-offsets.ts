import type { CommittedOffset, SourcePartition } from '../api/index.ts'
import { offsetKey, offsetValue } from '../storage/offset-records.ts'

export interface OffsetRecord {
  readonly key: Buffer
  readonly value: Buffer
}

/** Where offset records go: the offset topic, or the worker's file. Resolves when they are durable. */
export type OffsetSink = (records: readonly OffsetRecord[], signal: AbortSignal) => Promise<void>

/** Writes the source offsets of one connector, bytes as Kafka Connect writes them. */
export class SourceOffsets {
  readonly #connector: string
  readonly #sink: OffsetSink
  /** Key bytes by partition object: a commit costs no more than the values that changed. */
  readonly #keys = new WeakMap<SourcePartition, Buffer>()

  constructor(options: { readonly connector: string; readonly sink: OffsetSink }) {
    this.#connector = options.connector
    this.#sink = options.sink
  }

  async write(offsets: readonly CommittedOffset[], signal: AbortSignal): Promise<void> {
    await this.#sink(
      offsets.map(({ partition, offset }) => ({ key: this.#keyOf(partition), value: offsetValue(offset) })),
      signal,
    )
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
