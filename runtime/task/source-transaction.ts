import { ConnectError } from '../api/index.ts'
import type { CommittedOffset } from '../api/index.ts'
import type { DeliveryListener, ProducerRecord } from '../kafka/producer-record.ts'
import type { TransactionalProducer } from '../kafka/transactional-producer.ts'
import type { ErrorTolerance } from './error-tolerance.ts'
import type { OutgoingRecord } from './outgoing-record.ts'
import type { OutgoingBatch } from './source-pipeline.ts'
import type { SourceTaskMetrics } from './task-metrics.ts'
import type { TaskProgress } from './task-progress.ts'
import { transactionError } from './transaction-errors.ts'
import { TransactionUnits } from './transaction-units.ts'
import type { TransactionalOffsets } from './transactional-offsets.ts'

export interface SourceTransactionOptions {
  /** `connector-task` */
  readonly task: string
  /** Its transactions are initialised: older producers of the task are fenced. */
  readonly producer: Pick<TransactionalProducer, 'begin' | 'send' | 'commit' | 'abort'>
  readonly offsets: TransactionalOffsets
  readonly transactionTimeoutMs: number
  readonly tolerance: ErrorTolerance
  readonly metrics: SourceTaskMetrics
  readonly progress: TaskProgress
}

/**
 * The transactions of a source task, one after the other: its records, then their source offsets, then the commit. It begins with the first
 * record or offset. One call at a time; after the first failure nothing is committed any more.
 */
export class SourceTransaction {
  readonly #options: SourceTransactionOptions
  readonly #units = new TransactionUnits()
  readonly #failed = new AbortController()
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
  #sent = 0
  #acked = 0
  /** `size` counts records without offsets. */
  #open: { readonly since: number; size: number } | undefined
  /** It must not be committed: a batch was taken in part only, or the task has failed. */
  #torn = false
  /** What is not delivered yet fails now, on purpose. */
  #aborting = false

  constructor(options: SourceTransactionOptions) {
    this.#options = options
    options.metrics.active = () => this.#sent - this.#acked
    options.progress.inFlight = () => this.#sent - this.#acked
  }

  /** Aborts with the first failure. */
  get failed(): AbortSignal {
    return this.#failed.signal
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Neither failed nor torn. */
  get mayCommit(): boolean {
    return this.#failure === undefined && !this.#torn
  }

  /** There are records or offsets to commit. */
  get hasContent(): boolean {
    return this.#open !== undefined || !this.#units.isEmpty
  }

  /** It has begun: the broker counts its time. */
  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** Milliseconds since it began; 0: it has not. */
  get ageMs(): number {
    return this.#open === undefined ? 0 : performance.now() - this.#open.since
  }

  /** How many records of the batch go on with units of the transaction (TransactionUnits.cut). */
  continuedBy(batch: OutgoingBatch): number {
    return this.#units.cut(batch.submitted)
  }

  tear(): void {
    this.#torn = true
  }

  /** Takes records `from`..`to` of the batch, of which some may have been dropped on the way: their offsets count all the same. */
  async write(batch: OutgoingBatch, from: number, to: number, signal: AbortSignal): Promise<void> {
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

  /** Answers the offsets that are durable now. */
  async commit(): Promise<readonly CommittedOffset[]> {
    this.throwIfFailed()
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
    offsets.committed()
    return committed
  }

  /** Its records will never be seen. Their offsets stay, to be committed with the next one. */
  async abort(): Promise<void> {
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
    }
  }

  #begin(): { readonly since: number; size: number } {
    if (this.#open === undefined) {
      this.#options.producer.begin()
      this.#open = { since: performance.now(), size: 0 }
    }
    return this.#open
  }

  #fail(doing: string, error?: unknown): Error {
    const { task, transactionTimeoutMs: timeoutMs } = this.#options
    this.#failure ??=
      error === undefined
        ? new ConnectError(doing)
        : transactionError(error, { task, doing, ageMs: this.ageMs, timeoutMs })
    this.#failed.abort(this.#failure)
    return this.#failure
  }
}
