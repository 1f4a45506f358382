import type { CommittedOffset, Logger } from '../api/index.ts'
import { sleep } from '../async/abort.ts'
import type { Delivery } from './delivery.ts'
import type { OutgoingBatch } from './source-pipeline.ts'
import { SourceTransaction } from './source-transaction.ts'
import type { SourceTransactionOptions } from './source-transaction.ts'
import { HOLD_MS } from './submitted-records.ts'
import type { TransactionMarks } from './transaction-marks.ts'

/** Where transactions end (`transaction.boundary`); an interval is shorter than their timeout. */
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

/** A transaction whose units never end is ended by force at this share of the time that is left between its boundary and its timeout. */
const MAX_AGE = 0.5

/** The rest of a batch, from a record on that no earlier transaction needs. */
interface Rest {
  readonly batch: OutgoingBatch
  readonly from: number
}

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
 * or after HOLD_MS without a batch. Two ways of splitting one remain: a task that is silent longer than that within a unit and does not say so, and
 * one unit of more than half of transaction.timeout.ms, which is reported. A pause splits none: the task lives on behind what it gave, so the tail
 * cannot be given up as at a stop; its unit is waited for.
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
  #pollingSince = 0
  /** Since when a pause waits for the end of the last unit. */
  #endingSince: number | undefined
  /** What came behind that end. */
  #rest: Rest | undefined
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
      if (boundary.kind === 'connector') await this.#sendMarked({ batch, from: 0 }, boundary.marks, signal)
      else await this.#sendBounded(batch, signal)
    })
    // The next poll and conversion go on beside the commit.
    if (this.#due && this.#options.keepsUnitsWhole) this.#commitSoon()
  }

  polling(): void {
    this.#pollingSince = performance.now()
    if (!this.#transaction.hasContent || this.#options.boundary.kind === 'connector') return
    const hold = this.#options.keepsUnitsWhole ? 0 : HOLD_MS
    this.#timer = setTimeout(() => this.#commitSoon(), Math.max(hold, this.#untilDue()))
  }

  polled(records: number, interrupted: boolean): void {
    clearTimeout(this.#timer)
    if (records > 0 || (interrupted && performance.now() - this.#pollingSince < HOLD_MS)) return
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
  async pausing(): Promise<boolean> {
    return await this.#alone(async () => {
      this.throwIfFailed()
      if (!this.#isWhole() && !this.#endsTooLate()) return false
      this.#endingSince = undefined
      await this.#commit()
      return true
    })
  }

  async resuming(signal: AbortSignal): Promise<void> {
    this.#endingSince = undefined
    await this.#alone(() => this.#sendRest(signal))
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
    const { boundary, replays, transactionTimeoutMs } = this.#options
    if (this.#transaction.mayCommit) {
      if (!replays) await this.#sendRest(AbortSignal.timeout(transactionTimeoutMs * MAX_AGE))
      if (boundary.kind === 'connector') await this.#endMarked(boundary.marks)
      // What may be half a unit is read again as a whole, if the source can.
      else if (this.#isWhole() || !replays) await this.#commit()
    }
    await this.#transaction.abort()
  }

  async #sendBounded(batch: OutgoingBatch, signal: AbortSignal): Promise<void> {
    const transaction = this.#transaction
    const all = batch.submitted.length
    let from = 0
    const ends = this.#due || this.#endingSince !== undefined
    if (ends && transaction.hasContent) {
      from = this.#options.keepsUnitsWhole ? 0 : transaction.continuedBy(batch)
      if (from === all && !this.#tooOld()) {
        await transaction.write(batch, 0, from, signal)
        return
      }
      if (from > 0) await transaction.write(batch, 0, from, signal)
      await this.#commit()
    }
    await this.#goOn({ batch, from }, signal)
  }

  /** With the next transaction; not while a pause begins. */
  async #goOn(rest: Rest, signal: AbortSignal): Promise<void> {
    const { batch, from } = rest
    if (this.#endingSince !== undefined) {
      this.#rest = rest
      return
    }
    await this.#transaction.write(batch, from, batch.submitted.length, signal)
    this.#due = this.#untilDue() === 0
  }

  async #sendRest(signal: AbortSignal): Promise<void> {
    const { boundary } = this.#options
    const rest = this.#rest
    if (rest === undefined) return
    this.#rest = undefined
    if (boundary.kind === 'connector') await this.#sendMarked(rest, boundary.marks, signal)
    else await this.#goOn(rest, signal)
  }

  /** The task says where transactions end, so units are its own affair. */
  async #sendMarked(rest: Rest, marks: TransactionMarks, signal: AbortSignal): Promise<void> {
    const { batch } = rest
    const { polled, submitted } = batch
    let { from } = rest
    for (let i = from; i < polled.length && marks.hasRecords; i++) {
      const mark = marks.takeOf(polled[i]!)
      if (mark === undefined) continue
      await this.#transaction.write(batch, from, i + 1, signal)
      from = i + 1
      if (mark === 'commit') await this.#commit()
      else await this.#transaction.abort()
      if (this.#endingSince !== undefined && from < submitted.length) {
        this.#rest = { batch, from }
        return
      }
    }
    await this.#transaction.write(batch, from, submitted.length, signal)
    await this.#endMarked(marks)
  }

  async #endMarked(marks: TransactionMarks): Promise<void> {
    const mark = marks.takeOfBatch()
    if (mark === undefined) return
    // Offsets of aborted records are committed all the same: they must not come again.
    if (mark === 'abort') await this.#transaction.abort()
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
      await this.#alone(async () => {
        const since = performance.now() - this.#lastCommit
        if (!this.#transaction.hasContent && !this.failed.aborted && since >= intervalMs) await this.#tell([])
      })
  }

  /** Milliseconds until the boundary is reached. */
  #untilDue(): number {
    const { boundary } = this.#options
    if (boundary.kind !== 'interval' || this.#due) return 0
    return Math.max(0, boundary.ms - (performance.now() - this.#lastCommit))
  }

  /** No unit is split if the transaction ends now. */
  #isWhole(): boolean {
    const { boundary, keepsUnitsWhole } = this.#options
    if (boundary.kind === 'connector') return !this.#transaction.isOpen
    return keepsUnitsWhole || this.#settled || !this.#transaction.hasContent
  }

  /** A unit has lasted too long for its transaction: half way between its boundary and its timeout. */
  #tooOld(): boolean {
    const { boundary, transactionTimeoutMs } = this.#options
    const boundaryMs = boundary.kind === 'interval' ? boundary.ms : 0
    const { ageMs } = this.#transaction
    return ageMs >= boundaryMs + (transactionTimeoutMs - boundaryMs) * MAX_AGE && this.#splits(ageMs)
  }

  /** A pause cannot wait any longer; the first question begins the waiting. */
  #endsTooLate(): boolean {
    const waitedMs = performance.now() - (this.#endingSince ??= performance.now())
    return this.#tooOld() || (waitedMs >= this.#options.transactionTimeoutMs * MAX_AGE && this.#splits(waitedMs))
  }

  #splits(ms: number): true {
    if (!this.#warned)
      this.#options.logger.warn(
        `what belongs together has come for ${Math.round(ms)} ms and did not end; it is spread over several transactions, ` +
          'and a crash may now lose some of it. Does the source give each record an offset of its own?',
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
