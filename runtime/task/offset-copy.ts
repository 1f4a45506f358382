import type { Logger } from '../api/index.ts'
import { errorLine } from '../telemetry/stack-trace.ts'
import type { OffsetRecord, OffsetSink } from './source-offsets.ts'

/**
 * The copy that the worker's offset topic holds of offsets in a connector's own topic, for the day on which `offsets.storage.topic` or exactly-once
 * support is given up. Order and care are Kafka Connect's (ConnectorOffsetBackingStore): removals go there first and must succeed, or a removed
 * offset would come back from the copy; everything else follows when it is durable in the connector's topic, and may fail.
 */
export class OffsetCopy {
  readonly #sink: OffsetSink
  readonly #logger: Logger
  readonly #signal: AbortSignal
  #writing: Promise<void> = Promise.resolve()
  #next: Map<string, OffsetRecord> | undefined

  constructor(options: { readonly sink: OffsetSink; readonly logger: Logger; readonly signal: AbortSignal }) {
    this.#sink = options.sink
    this.#logger = options.logger
    this.#signal = options.signal
  }

  async remove(records: readonly OffsetRecord[]): Promise<void> {
    const removed = records.filter(({ value }) => value === null)
    if (removed.length > 0) await this.#sink(removed, this.#signal)
  }

  /** One write at a time; offsets that come meanwhile replace each other. */
  put(records: readonly OffsetRecord[]): void {
    const waiting = this.#next
    const next = waiting ?? (this.#next = new Map<string, OffsetRecord>())
    for (const record of records) if (record.value !== null) next.set(record.key.toString('latin1'), record)
    if (waiting === undefined) this.#writing = this.#writing.then(() => this.#write())
  }

  /** Resolves when what was put is written or given up. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    const records = [...(this.#next?.values() ?? [])]
    this.#next = undefined
    if (records.length === 0) return
    try {
      await this.#sink(records, this.#signal)
    } catch (error) {
      if (this.#signal.aborted) return
      this.#logger.warn(`the worker's offset topic lacks the copy of ${records.length} offsets: ${errorLine(error)}`)
    }
  }
}
