import { ConnectError, errorCode } from '../api/index.ts'
import type { Header, SourceRecord } from '../api/index.ts'
import { sleep } from '../async/abort.ts'
import type { RecordHeader } from '../kafka/producer.ts'
import type { FetchedRecord } from '../kafka/fetcher.ts'
import type { ErrorMetrics } from './error-metrics.ts'

/** Stages as Connect names them in logs and dead letter headers. */
export type Stage =
  | 'TASK_PUT'
  | 'TASK_POLL'
  | 'KAFKA_PRODUCE'
  | 'KAFKA_CONSUME'
  | 'TRANSFORMATION'
  | 'KEY_CONVERTER'
  | 'VALUE_CONVERTER'
  | 'HEADER_CONVERTER'

/** What failed, at what, with which record. */
export interface Failure {
  readonly stage: Stage
  /** Of the transformation, converter or task. */
  readonly className: string
  readonly error: unknown
  readonly consumed?: FetchedRecord | undefined
  readonly source?: FailedSource | undefined
}

/** A source record, or what is left of it on its way to Kafka. */
export type FailedSource = Pick<
  SourceRecord,
  'topic' | 'partition' | 'timestamp' | 'sourcePartition' | 'sourceOffset'
> &
  Partial<Pick<SourceRecord, 'key' | 'keySchema' | 'value' | 'valueSchema'>> & {
    readonly headers?: readonly (Header | RecordHeader)[]
  }

/** Where failures are told: the log, the dead letter queue. Resolves when the report is durable. */
export interface ErrorReporter {
  report(failure: Failure): Promise<void> | undefined
}

export interface ErrorToleranceOptions {
  readonly tolerance: 'none' | 'all'
  /** `errors.retry.timeout` in ms: 0 never, -1 for ever. */
  readonly retryTimeoutMs: number
  readonly retryDelayMaxMs: number
  readonly reporters: readonly ErrorReporter[]
  readonly metrics: ErrorMetrics
}

const FIRST_RETRY_MS = 300

/** Decides what becomes of a record that fails: tried again, skipped with a report, or the end of the task. */
export class ErrorTolerance {
  readonly #options: ErrorToleranceOptions
  readonly #reports = new Set<Promise<void>>()
  #reportFailure: unknown

  constructor(options: ErrorToleranceOptions) {
    this.#options = options
  }

  get toleratesAll(): boolean {
    return this.#options.tolerance === 'all'
  }

  /**
   * Answers what `again` answers once it succeeds, undefined when the record is skipped; throws when neither is allowed, and the signal's
   * reason when it aborts before the retries are over: the record will be read again.
   *
   * Connect skips a record silently, even with errors.tolerance=none, when its retries are used up, and throws at the next failure only.
   * That loses a record; here retries that are used up are a failure like any other.
   *
   * `again` throws a Failure's error anew; `describe` then says at which stage.
   */
  async recover<T>(
    first: Failure,
    again: () => T,
    describe: (error: unknown) => Failure,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { metrics, retryTimeoutMs } = this.#options
    const deadline = retryTimeoutMs < 0 ? Infinity : Date.now() + retryTimeoutMs
    let failure = first
    for (let attempt = 0; errorCode(failure.error) === 'RETRIABLE'; attempt++) {
      const delay = Math.min(this.#retryDelay(attempt), deadline - Date.now())
      if (delay <= 0) break
      if (!(await sleep(delay, signal))) throw signal.reason as Error
      metrics.failures++
      metrics.retries++
      try {
        return again()
      } catch (error) {
        failure = describe(error)
      }
    }
    this.skip(failure)
    return undefined
  }

  /** Reports the failure and lets it pass, or throws. */
  skip(failure: Failure): void {
    const { metrics } = this.#options
    metrics.failed()
    void this.#report(failure)
    if (!this.toleratesAll) throw new ConnectError('Tolerance exceeded in error handler', { cause: failure.error })
    metrics.skipped++
  }

  /** A task reports a record that it could not deliver itself. Resolves when this report is durable; throws when it is not tolerated. */
  reportedByTask(failure: Failure): Promise<void> {
    const { metrics } = this.#options
    metrics.failures++
    metrics.lastErrorAt = Date.now()
    const reported = this.#report(failure)
    if (this.toleratesAll) return reported
    metrics.errors++
    throw new ConnectError('Tolerance exceeded in error handler', { cause: failure.error })
  }

  /** Resolves when all reports so far are durable; throws when one was lost. Offsets behind them are not committed before. */
  async reported(): Promise<void> {
    while (this.#reports.size > 0) await Promise.all(this.#reports)
    if (this.lostReport !== undefined) throw this.lostReport
  }

  /** Why reports can no longer be relied on: the records behind them would be lost without a trace. */
  get lostReport(): ConnectError | undefined {
    if (this.#reportFailure === undefined) return undefined
    return new ConnectError('a failed record could not be reported', { cause: this.#reportFailure })
  }

  get hasReports(): boolean {
    return this.#reports.size > 0 || this.#reportFailure !== undefined
  }

  #report(failure: Failure): Promise<void> {
    const reports: Promise<void>[] = []
    for (const reporter of this.#options.reporters) {
      const report = reporter.report(failure)
      if (report === undefined) continue
      reports.push(report)
      const settled = report.then(
        () => void this.#reports.delete(settled),
        (error: unknown) => {
          this.#reports.delete(settled)
          this.#reportFailure ??= error
        },
      )
      this.#reports.add(settled)
    }
    const all = Promise.all(reports).then(() => undefined)
    all.catch(() => undefined) // whoever waits for it hears it; so do the commits
    return all
  }

  /** 300 ms × 2^attempt; above the limit a random part of the limit (org.apache.kafka…RetryWithToleranceOperator). */
  #retryDelay(attempt: number): number {
    const delay = FIRST_RETRY_MS * 2 ** Math.min(attempt, 40)
    const { retryDelayMaxMs } = this.#options
    return delay > retryDelayMaxMs ? Math.max(1, Math.floor(Math.random() * retryDelayMaxMs)) : delay
  }
}
