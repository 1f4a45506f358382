import { ConnectError } from '../api/index.ts'
import type { CommittedOffset, Logger } from '../api/index.ts'
import { sleep } from '../async/abort.ts'
import type { DeliveryListener, ProducerRecord } from '../kafka/producer-record.ts'
import type { TransactionalProducer } from '../kafka/transactional-producer.ts'
import type { Delivery } from './delivery.ts'
import type { ErrorTolerance } from './error-tolerance.ts'
import type { OutgoingRecord } from './outgoing-record.ts'
import type { TransactionalOffsets } from './transactional-offsets.ts'
import type { OutgoingBatch } from './source-pipeline.ts'
import type { SourceTaskMetrics } from './task-metrics.ts'
import type { TaskProgress } from './task-progress.ts'
import { transactionError } from './transaction-errors.ts'
import type { TransactionMarks } from './transaction-marks.ts'
import { HOLD_MS } from './submitted-records.ts'
import { TransactionUnits } from './transaction-units.ts'

/** Where transactions end (`transaction.boundary`). */
export type Boundary =
  | { readonly kind: 'poll' }
  | { readonly kind: 'interval'; readonly ms: number }
  | { readonly kind: 'connector'; readonly marks: TransactionMarks }

export interface ExactlyOnceOptions {
  /** `connector-task` */
  readonly task: string
  /** Its transactions are initialised: older producers of the task are fenced. */
  readonly producer: Pick<TransactionalProducer, 'begin' | 'send' | 'commit' | 'abort'>
  readonly offsets: TransactionalOffsets
  readonly boundary: Boundary
  /** Batches of the task end between units (SourceTask.keepsUnitsWhole). */
  readonly keepsUnitsWhole: boolean
  /** The source can give again what was not committed (exactlyOnceSupport): nothing is lost if a transaction is given up at the stop. */
  readonly replays: boolean
  readonly transactionTimeoutMs: number
  /** `offset.flush.interval.ms`: the task is told about quiet times so often. */
  readonly intervalMs: number
  readonly tolerance: ErrorTolerance
  readonly metrics: SourceTaskMetrics
  readonly progress: TaskProgress
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
  readonly #units = new TransactionUnits()
  readonly #failed = new AbortController()
  readonly #closing = new AbortController()
  readonly #beats: Promise<void>
  readonly #listener: DeliveryListener<OutgoingRecord> = {
    delivered: (records) => {
      this.#acked += records.length
      this.#options.metrics.written += records.length
      this.#options.progress.acked(records.length)
    },
    failed: (_, error) => {
      if (!this.#aborting) this.#fail('Unrecoverable exception from producer send callback', error)
    },
  }
  readonly #offsetListener: DeliveryListener = {
    delivered: () => undefined,
    failed: (_, error) => void this.#fail('Failed to write offsets with the transaction', error),
  }
  #failure: Error | undefined
  /** One at a time: the loop sends, timers commit. */
  #turn: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #sent = 0
  #acked = 0
  /** Of the open transaction; `size` counts records without offsets. */
  #open: { readonly since: number; size: number } | undefined
  /** The open transaction may end as soon as its last units are complete. */
  #due = false
  /** The source has nothing more at the moment, so its units are complete. */
  #settled = true
  /** The transaction must not be committed: a batch was taken in part only, or the task has failed. */
  #torn = false
  /** What is not delivered yet fails now, on purpose. */
  #aborting = false
  #lastCommit = performance.now()
  #warned = false

  constructor(options: ExactlyOnceOptions) {
    this.#options = options
    options.metrics.active = () => this.#sent - this.#acked
    options.progress.inFlight = () => this.#sent - this.#acked
    this.#beats = this.#beat()
  }

  get failed(): AbortSignal {
    return this.#failed.signal
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
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
    if (!this.#hasContent || this.#options.boundary.kind === 'connector') return
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
    if (this.#hasContent && this.#untilDue() === 0) this.#commitSoon()
  }

  pollFailed(): void {
    clearTimeout(this.#timer)
  }

  /** A transaction that stayed open through a pause would expire, and fail the task when it goes on. */
  async pausing(): Promise<void> {
    await this.#alone(() => this.#commit())
  }

  giveUp(): void {
    this.#torn = true
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
    if (this.#failure === undefined && !this.#torn) {
      if (boundary.kind === 'connector') await this.#endMarked(boundary.marks)
      // What may be half a unit is read again as a whole, if the source can.
      else if (keepsUnitsWhole || this.#settled || !replays) await this.#commit()
    }
    await this.#abort()
  }

  async #sendBounded(batch: OutgoingBatch, signal: AbortSignal): Promise<void> {
    const { submitted } = batch
    let from = 0
    if (this.#due && this.#hasContent) {
      from = this.#options.keepsUnitsWhole ? 0 : this.#units.cut(submitted)
      if (from === submitted.length && !this.#tooOld()) {
        await this.#write(batch, 0, from, signal)
        return
      }
      if (from > 0) await this.#write(batch, 0, from, signal)
      await this.#commit()
    }
    await this.#write(batch, from, submitted.length, signal)
    this.#due = this.#untilDue() === 0
  }

  /** The task says where transactions end, so units are its own affair. */
  async #sendMarked(batch: OutgoingBatch, marks: TransactionMarks, signal: AbortSignal): Promise<void> {
    const { polled, submitted } = batch
    let from = 0
    for (let i = 0; i < polled.length && marks.hasRecords; i++) {
      const mark = marks.takeOf(polled[i]!)
      if (mark === undefined) continue
      await this.#write(batch, from, i + 1, signal)
      from = i + 1
      if (mark === 'commit') await this.#commit()
      else await this.#abort()
    }
    await this.#write(batch, from, submitted.length, signal)
    await this.#endMarked(marks)
  }

  async #endMarked(marks: TransactionMarks): Promise<void> {
    const mark = marks.takeOfBatch()
    if (mark === undefined) return
    // Offsets of aborted records are committed all the same: they must not come again.
    if (mark === 'abort') await this.#abort()
    await this.#commit()
  }

  /** Records `from`..`to` of the batch, of which some may have been dropped on the way: their offsets count all the same. */
  async #write(batch: OutgoingBatch, from: number, to: number, signal: AbortSignal): Promise<void> {
    if (from === to) return
    const { producer, offsets, progress } = this.#options
    const whole = from === 0 && to === batch.submitted.length
    const records = whole
      ? batch.records
      : (batch.submitted.slice(from, to).filter((each) => !each.acked) as OutgoingRecord[])
    for (const { topic } of records) {
      if (topic !== offsets.topic) continue
      // Reading offsets waits for open transactions on their topic: the task would wait for itself.
      throw this.#fail('Source tasks may not produce to their own offsets topics when exactly-once support is enabled')
    }
    if (records.length > 0) {
      this.#begin().size += records.length
      this.#sent += records.length
      progress.sent(records.length)
      try {
        await producer.send(records, this.#listener, signal)
      } catch (error) {
        this.#torn = true
        if (signal.aborted) throw error
        throw this.#fail('Unrecoverable exception trying to send', error)
      }
      for (const record of records) record.release()
    }
    this.#units.add(batch.submitted, from, to)
  }

  #begin(): { readonly since: number; size: number } {
    if (this.#open === undefined) {
      this.#options.producer.begin()
      this.#open = { since: performance.now(), size: 0 }
    }
    return this.#open
  }

  #commitSoon(): void {
    this.#alone(() => this.#commit()).catch(() => undefined) // told by `failed`
  }

  async #commit(): Promise<void> {
    this.throwIfFailed()
    if (!this.#hasContent) return
    const { producer, offsets, tolerance, metrics, progress } = this.#options
    const committed = this.#units.take()
    const started = performance.now()
    progress.waitsBeside('transaction')
    try {
      // A record that was skipped lives on in its report only: that must be durable before its offset is.
      if (tolerance.hasReports) await tolerance.reported()
      const records: readonly ProducerRecord[] = await offsets.records(committed)
      this.#begin()
      if (records.length > 0) await producer.send(records, this.#offsetListener)
      await producer.commit()
    } catch (error) {
      metrics.commitFailed()
      throw this.#fail(`Failed to flush offsets and/or records for task ${this.#options.task}`, error)
    } finally {
      progress.waitsBeside(undefined)
    }
    metrics.transaction(this.#open?.size ?? 0)
    metrics.committed(performance.now() - started)
    progress.committed()
    this.#open = undefined
    this.#due = false
    this.#lastCommit = performance.now()
    offsets.committed()
    await this.#tell(committed)
  }

  async #abort(): Promise<void> {
    if (this.#open === undefined) return
    const { producer, task } = this.#options
    this.#aborting = true
    try {
      await producer.abort()
    } catch (error) {
      throw this.#fail(`Failed to abort the transaction of task ${task}`, error)
    } finally {
      this.#aborting = false
      this.#acked = this.#sent
      this.#open = undefined
      this.#due = false
    }
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
      if (!this.#hasContent && this.#failure === undefined && performance.now() - this.#lastCommit >= intervalMs)
        await this.#alone(() => this.#tell([]))
  }

  get #hasContent(): boolean {
    return this.#open !== undefined || !this.#units.isEmpty
  }

  /** Milliseconds until the boundary is reached. */
  #untilDue(): number {
    const { boundary } = this.#options
    if (boundary.kind !== 'interval' || this.#due) return 0
    return Math.max(0, boundary.ms - (performance.now() - this.#lastCommit))
  }

  #tooOld(): boolean {
    const { transactionTimeoutMs, logger } = this.#options
    if (this.#age() < transactionTimeoutMs * MAX_AGE) return false
    if (!this.#warned)
      logger.warn(
        `records with one source offset have come for ${Math.round(this.#age())} ms; they are spread over several transactions, ` +
          'and a crash may now lose some of them. Does the source give each record an offset of its own?',
      )
    this.#warned = true
    return true
  }

  #age(): number {
    return this.#open === undefined ? 0 : performance.now() - this.#open.since
  }

  #fail(doing: string, error?: unknown): Error {
    const { task, transactionTimeoutMs: timeoutMs } = this.#options
    this.#failure ??=
      error === undefined
        ? new ConnectError(doing)
        : transactionError(error, { task, doing, ageMs: this.#age(), timeoutMs })
    this.#failed.abort(this.#failure)
    return this.#failure
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return await done
  }
}
