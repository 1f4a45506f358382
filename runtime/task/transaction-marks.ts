import { ConnectError } from '../api/index.ts'
import type { SourceRecord, TransactionContext } from '../api/index.ts'

export type Mark = 'commit' | 'abort'

/** What the task has asked for with its TransactionContext, until it is carried out. */
export class TransactionMarks implements TransactionContext {
  readonly #records = new Map<SourceRecord, Set<Mark>>()
  readonly #batch = new Set<Mark>()

  commitTransaction(record?: SourceRecord): void {
    this.#mark('commit', record)
  }

  abortTransaction(record?: SourceRecord): void {
    this.#mark('abort', record)
  }

  #mark(mark: Mark, record: SourceRecord | undefined): void {
    if (record === undefined) {
      this.#batch.add(mark)
      return
    }
    const marks = this.#records.get(record)
    if (marks === undefined) this.#records.set(record, new Set([mark]))
    else marks.add(mark)
  }

  /** Some record is marked: each has to be looked at. */
  get hasRecords(): boolean {
    return this.#records.size > 0
  }

  takeOf(record: SourceRecord): Mark | undefined {
    const marks = this.#records.get(record)
    if (marks === undefined) return undefined
    this.#records.delete(record)
    if (marks.size > 1)
      throw new ConnectError(
        `Connector requested both commit and abort of same record against topic/partition ${record.topic}/${record.partition ?? 'null'}`,
      )
    return [...marks][0]
  }

  /** For the end of a batch. */
  takeOfBatch(): Mark | undefined {
    if (this.#batch.size > 1) throw new ConnectError('Connector requested both commit and abort of same transaction')
    const [mark] = this.#batch
    this.#batch.clear()
    return mark
  }
}
