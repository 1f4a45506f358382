import { ConnectError } from '../api/index.ts'
import type { CommittedOffset, Logger } from '../api/index.ts'
import { abortable, sleep } from '../async/abort.ts'
import type { DeliveryListener, Producer } from '../kafka/producer.ts'
import { errorLine } from '../telemetry/stack-trace.ts'
import type { Delivery } from './delivery.ts'
import type { ErrorTolerance } from './error-tolerance.ts'
import type { OutgoingRecord } from './outgoing-record.ts'
import type { OffsetSink, SourceOffsets } from './source-offsets.ts'
import type { OutgoingBatch } from './source-pipeline.ts'
import { HOLD_MS, SubmittedRecords } from './submitted-records.ts'
import type { TaskProgress } from './task-progress.ts'
import type { SourceTaskMetrics } from './task-metrics.ts'

export interface AtLeastOnceOptions {
  readonly producer: Producer
  readonly offsets: SourceOffsets
  readonly sink: OffsetSink
  readonly tolerance: ErrorTolerance
  readonly metrics: SourceTaskMetrics
  readonly progress: TaskProgress
  readonly logger: Logger
  /** Batches of the task end between units (SourceTask.keepsUnitsWhole). */
  readonly keepsUnitsWhole: boolean
  /** SourceTask.commit: these offsets are durable; [] after a quiet interval. */
  readonly committed: (offsets: readonly CommittedOffset[]) => Promise<void>
  /** `offset.flush.interval.ms`, `offset.flush.timeout.ms` */
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** Records first, their offsets when all before them are acknowledged; after a crash the records in between come again. */
export class AtLeastOnceDelivery implements Delivery {
  readonly #options: AtLeastOnceOptions
  readonly #ledger: SubmittedRecords
  readonly #failed = new AbortController()
  readonly #closing = new AbortController()
  readonly #commits: Promise<void>
  readonly #listener: DeliveryListener<OutgoingRecord> = {
    delivered: (records) => {
      this.#ledger.ack(records)
      this.#options.metrics.written += records.length
      this.#options.progress.acked(records.length)
    },
    failed: (records, error) => this.#fail(records, error),
  }
  #failure: Error | undefined
  /** The source has said that the unit it handed out last is complete. */
  #settled = true
  /** The source was told to stop or pause before it could say so. */
  #interrupted = false
  #pollingSince: number | undefined
  #torn = false
  /** Commits fail, since the last one that did not. */
  #failing = false

  constructor(options: AtLeastOnceOptions) {
    this.#options = options
    this.#ledger = new SubmittedRecords(options.keepsUnitsWhole)
    options.metrics.active = () => this.#ledger.active
    options.progress.inFlight = () => this.#ledger.active
    this.#commits = this.#commitRegularly()
  }

  get failed(): AbortSignal {
    return this.#failed.signal
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  polling(): void {
    this.#pollingSince = performance.now()
  }

  polled(records: number, interrupted: boolean): void {
    if (records > 0) this.#settled = this.#interrupted = false
    else if (!interrupted || this.#isQuiet()) this.#settled = true
    else this.#interrupted = true
    this.#pollingSince = undefined
  }

  pollFailed(): void {
    this.#pollingSince = undefined
  }

  /** What a failed task handed out last may lack its end. */
  giveUp(): void {
    this.#torn = true
  }

  /** Offsets of what may be half a unit are kept back; records are sent already. */
  pausing(): Promise<boolean> {
    this.polled(0, true)
    return Promise.resolve(true)
  }

  async send(batch: OutgoingBatch, signal: AbortSignal): Promise<void> {
    this.throwIfFailed()
    // Before producing: an ack may come while send still waits for room.
    this.#ledger.submit(batch.submitted)
    if (batch.submitted !== batch.records) this.#ledger.settle(batch.submitted)
    if (batch.records.length === 0) return
    this.#options.progress.sent(batch.records.length)
    await this.#options.producer.send(batch.records, this.#listener, signal)
    for (const record of batch.records) record.release()
  }

  /** One await per interval, whatever the load: takes the acked prefix, writes it, tells the task. */
  async commit(): Promise<void> {
    const { offsets, sink, tolerance, metrics, progress, logger, timeoutMs } = this.#options
    const committable = this.#ledger.committable(this.#lastUnitIsComplete())
    const started = performance.now()
    if (committable.length > 0) {
      try {
        const signal = AbortSignal.timeout(timeoutMs)
        // A record that was skipped lives on in its report only: that must be durable before its offset is.
        if (tolerance.hasReports) await abortable(tolerance.reported(), signal)
        if (!this.#failing) progress.waitsBeside('offset commit')
        await sink(offsets.encode(committable), signal)
      } catch (error) {
        metrics.commitFailed()
        this.#failing = true
        if (tolerance.lostReport !== undefined) this.#end(tolerance.lostReport)
        logger.warn(`offsets are not committed, next try with the next commit: ${errorLine(error)}`)
        return
      }
      this.#failing = false
      progress.waitsBeside(undefined)
      progress.committed()
      this.#ledger.committed(committable)
      metrics.committed(performance.now() - started)
    }
    try {
      // Invariant 1: only now may the source forget.
      await this.#options.committed(committable)
    } catch (error) {
      logger.warn('the task failed to confirm committed offsets', { error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#torn) this.polled(0, true)
    this.#closing.abort()
    await this.#commits
    const { producer, timeoutMs, logger } = this.#options
    if (this.#ledger.active > 0 && this.#failure === undefined) {
      try {
        await producer.flush(AbortSignal.timeout(timeoutMs))
      } catch (error) {
        logger.warn(`${this.#ledger.active} records are not acknowledged, they will be read again: ${errorLine(error)}`)
      }
    }
    await this.commit()
  }

  async #commitRegularly(): Promise<void> {
    while (await sleep(this.#options.intervalMs, this.#closing.signal)) await this.commit()
  }

  /** A task that was interrupted said nothing of its unit: it counts as complete if it always was, else it is read again (Invariant 9). */
  #lastUnitIsComplete(): boolean {
    return this.#settled || this.#isQuiet() || (this.#interrupted && this.#ledger.endsUnits)
  }

  /** The rest of a unit is at hand when it is polled for: a source that waits has none. */
  #isQuiet(): boolean {
    return this.#pollingSince !== undefined && performance.now() - this.#pollingSince >= HOLD_MS
  }

  #end(error: Error): void {
    this.#failure ??= error
    this.#failed.abort(this.#failure)
  }

  #fail(records: readonly OutgoingRecord[], error: Error): void {
    const { tolerance } = this.#options
    if (!tolerance.toleratesAll) {
      this.#end(new ConnectError('Unrecoverable exception from producer send callback', { cause: error }))
      return
    }
    for (const source of records) {
      tolerance.skip({
        stage: 'KAFKA_PRODUCE',
        className: 'org.apache.kafka.connect.runtime.WorkerSourceTask',
        error,
        source,
      })
    }
    this.#ledger.ack(records)
  }
}
