import type { CommittedOffset } from '../api/index.ts'
import type { ProducerRecord } from '../kafka/producer-record.ts'
import type { OffsetCopy } from './offset-copy.ts'
import type { OffsetRecord, SourceOffsets } from './source-offsets.ts'

/** The source offsets of a task as records of its transactions, and their copy where the connector has an offset topic of its own. */
export class TransactionalOffsets {
  /** Where they go. Records of the task itself may not. */
  readonly topic: string
  readonly #offsets: SourceOffsets
  readonly #copy: OffsetCopy | undefined
  #written: readonly OffsetRecord[] = []

  constructor(options: {
    readonly topic: string
    readonly offsets: SourceOffsets
    /** To the worker's topic; undefined: that is the topic. */
    readonly copy: OffsetCopy | undefined
  }) {
    this.topic = options.topic
    this.#offsets = options.offsets
    this.#copy = options.copy
  }

  async records(committed: readonly CommittedOffset[]): Promise<readonly ProducerRecord[]> {
    const { topic } = this
    this.#written = this.#offsets.encode(committed)
    await this.#copy?.remove(this.#written)
    return this.#written.map(({ key, value }) => ({ topic, key, value }))
  }

  /** The transaction with the last records is committed. */
  committed(): void {
    this.#copy?.put(this.#written)
    this.#written = []
  }
}
