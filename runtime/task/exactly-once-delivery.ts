import type { CommittedOffset, Logger } from '../api/index.ts'
import { sleep } from '../async/abort.ts'
import type { Delivery } from './delivery.ts'
import type { OutgoingBatch } from './source-pipeline.ts'
import { SourceTransaction } from './source-transaction.ts'
import type { SourceTransactionOptions } from './source-transaction.ts'
import { HOLD_MS } from './submitted-records.ts'
import type { TransactionMarks } from './transaction-marks.ts'

/** Where transactions end (`transaction.boundary`). */
export type Boundary =
  | { readonly kind: 'poll' }
  | { readonly kind: 'interval'; readonly ms: number }
  | { readonly kind: 'connector'; readonly marks: TransactionMarks }

export interface ExactlyOnceOptions extends SourceTransactionOptions {
  readonly boundary: Boundary
  /** Batches of the task end between units (SourceTask.keepsUnitsWhole). */
  readonly keepsUnitsWhole: boolean
  /** The source can give again what was not committed (exactlyOnceSupport): nothing is lost if a transaction is given up at the stop. */
  readonly replays: boolean
  /** `offset.flush.interval.ms`: the task is told about quiet times so often. */
  readonly intervalMs: number
  readonly logger: Logger
  /** SourceTask.commit */
  readonly committed: (offsets: readonly CommittedOffset[]) => Promise<void>
}

/** A transaction whose units never end is ended by force at this share of its timeout. */
const MAX_AGE = 0.5

/**
 * Records and their source offsets in one transaction (KIP-618): after a crash the task resumes behind the last record that readers of
 * committed records can see.
 *
 *            send            boundary reached            unit complete
 *   empty ─────────► open ─────────────────────► due ─────────────────► committing ─► empty
 *                      ▲                          │ the next batch goes on with the unit
 *                      └──────────────────────────┘
 *
 * Invariant 9: a unit is complete when the next batch begins with another offset, when poll has nothing more, when the task keeps its units whole,
 * or after HOLD_MS without a batch. Two ways of splitting one remain: a task that pauses longer than that within a unit and does not say so, and one
 * unit of more than half of transaction.timeout.ms, which is reported.
 */
export class ExactlyOnceDelivery implements Delivery {
  readonly #options: ExactlyOnceOptions
  readonly #transaction: SourceTransaction
  readonly #closing = new AbortController()
  readonly #beats: Promise<void>
  /** One at a time: the loop sends, timers commit. */
  #turn: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  /** The open transaction may end as soon as its last units are complete. */
  #due = false
  /** The source has nothing more at the moment, so its units are complete. */
  #settled = true
  #lastCommit = performance.now()
  #warned = false

  constructor(options: ExactlyOnceOptions) {
    this.#options = options
    this.#transaction = new SourceTransaction(options)
    this.#beats = this.#beat()
  }

  get failed(): AbortSignal {
    return this.#transaction.failed
  }

  throwIfFailed(): void {
    this.#transaction.throwIfFailed()
  }

  async send(batch: OutgoingBatch, signal: AbortSignal): Promise<void> {
    const { boundary } = this.#options
    await this.#alone(async () => {
      this.throwIfFailed()
      this.#settled = false
      if (boundary.kind === 'connector') await this.#sendMarked(batch, boundary.marks, signal)
      else await this.#sendBounded(batch, signal)
    })
    // The next poll and conversion go on beside the commit.
    if (this.#due && this.#options.keepsUnitsWhole) this.#commitSoon()
  }

  polling(): void {
    if (!this.#transaction.hasContent || this.#options.boundary.kind === 'connector') return
    const hold = this.#options.keepsUnitsWhole ? 0 : HOLD_MS
    this.#timer = setTimeout(() => this.#commitSoon(), Math.max(hold, this.#untilDue()))
  }

  polled(records: number, interrupted: boolean): void {
    clearTimeout(this.#timer)
    if (records > 0 || interrupted) return
    const { boundary } = this.#options
    if (boundary.kind === 'connector') {
      void this.#alone(() => this.#endMarked(boundary.marks)).catch(() => undefined)
      return
    }
    this.#settled = true
    if (this.#transaction.hasContent && this.#untilDue() === 0) this.#commitSoon()
  }

  pollFailed(): void {
    clearTimeout(this.#timer)
  }

  /** A transaction that stayed open through a pause would expire, and fail the task when it goes on. */
  async pausing(): Promise<void> {
    await this.#alone(() => this.#commit())
  }

  giveUp(): void {
    this.#transaction.tear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    await this.#beats
    await this.#alone(() => this.#end()).catch((error: unknown) =>
      this.#options.logger.warn('the last transaction was not committed; its records will be read again', { error }),
    )
  }

  async #end(): Promise<void> {
    const { boundary, keepsUnitsWhole, replays } = this.#options
    if (this.#transaction.mayCommit) {
      if (boundary.kind === 'connector') await this.#endMarked(boundary.marks)
      // What may be half a unit is read again as a whole, if the source can.
      else if (keepsUnitsWhole || this.#settled || !replays) await this.#commit()
    }
    await this.#abort()
  }

  async #sendBounded(batch: OutgoingBatch, signal: AbortSignal): Promise<void> {
    const transaction = this.#transaction
    const all = batch.submitted.length
    let from = 0
    if (this.#due && transaction.hasContent) {
      from = this.#options.keepsUnitsWhole ? 0 : transaction.continuedBy(batch)
      if (from === all && !this.#tooOld()) {
        await transaction.write(batch, 0, from, signal)
        return
      }
      if (from > 0) await transaction.write(batch, 0, from, signal)
      await this.#commit()
    }
    await transaction.write(batch, from, all, signal)
    this.#due = this.#untilDue() === 0
  }

  /** The task says where transactions end, so units are its own affair. */
  async #sendMarked(batch: OutgoingBatch, marks: TransactionMarks, signal: AbortSignal): Promise<void> {
    const { polled, submitted } = batch
    let from = 0
    for (let i = 0; i < polled.length && marks.hasRecords; i++) {
      const mark = marks.takeOf(polled[i]!)
      if (mark === undefined) continue
      await this.#transaction.write(batch, from, i + 1, signal)
      from = i + 1
      if (mark === 'commit') await this.#commit()
      else await this.#abort()
    }
    await this.#transaction.write(batch, from, submitted.length, signal)
    await this.#endMarked(marks)
  }

  async #endMarked(marks: TransactionMarks): Promise<void> {
    const mark = marks.takeOfBatch()
    if (mark === undefined) return
    // Offsets of aborted records are committed all the same: they must not come again.
    if (mark === 'abort') await this.#abort()
    await this.#commit()
  }

  #commitSoon(): void {
    this.#alone(() => this.#commit()).catch(() => undefined) // told by `failed`
  }

  async #commit(): Promise<void> {
    this.throwIfFailed()
    if (!this.#transaction.hasContent) return
    const committed = await this.#transaction.commit()
    this.#due = false
    this.#lastCommit = performance.now()
    await this.#tell(committed)
  }

  async #abort(): Promise<void> {
    this.#due = false
    await this.#transaction.abort()
  }

  async #tell(offsets: readonly CommittedOffset[]): Promise<void> {
    try {
      // Invariant 1: only now may the source forget.
      await this.#options.committed(offsets)
    } catch (error) {
      this.#options.logger.warn('the task failed to confirm committed offsets', { error })
    }
  }

  /** Sources confirm positions to their systems also while nothing happens. */
  async #beat(): Promise<void> {
    const { intervalMs } = this.#options
    while (await sleep(intervalMs, this.#closing.signal))
      if (!this.#transaction.hasContent && !this.failed.aborted && performance.now() - this.#lastCommit >= intervalMs)
        await this.#alone(() => this.#tell([]))
  }

  /** Milliseconds until the boundary is reached. */
  #untilDue(): number {
    const { boundary } = this.#options
    if (boundary.kind !== 'interval' || this.#due) return 0
    return Math.max(0, boundary.ms - (performance.now() - this.#lastCommit))
  }

  #tooOld(): boolean {
    const { transactionTimeoutMs, logger } = this.#options
    if (this.#transaction.ageMs < transactionTimeoutMs * MAX_AGE) return false
    if (!this.#warned)
      logger.warn(
        `records with one source offset have come for ${Math.round(this.#transaction.ageMs)} ms; they are spread over several transactions, ` +
          'and a crash may now lose some of them. Does the source give each record an offset of its own?',
      )
    this.#warned = true
    return true
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return await done
  }
}
