import type { TaskMetric } from '../api/index.ts'
import { metricName } from '../telemetry/metrics.ts'
import type { MetricLabels, MetricSample } from '../telemetry/metrics.ts'
import { Rate } from '../telemetry/rate.ts'
import { WindowedStatistics } from '../telemetry/windowed-statistics.ts'
import type { MetricWindow } from '../telemetry/windowed-statistics.ts'
import type { ErrorMetrics } from './error-metrics.ts'

/** What both kinds of tasks count; the names are those of Connect's groups and attributes. */
abstract class TaskMetrics {
  readonly labels: MetricLabels
  readonly batchSizes: WindowedStatistics
  readonly #commitTimes: WindowedStatistics
  /** 1 for each commit that succeeded, 0 for each that did not. */
  readonly #commitSuccess: WindowedStatistics
  readonly #errors: ErrorMetrics
  commits = 0

  constructor(labels: MetricLabels, errors: ErrorMetrics, window?: MetricWindow) {
    this.labels = labels
    this.#errors = errors
    this.batchSizes = new WindowedStatistics(window)
    this.#commitTimes = new WindowedStatistics(window)
    this.#commitSuccess = new WindowedStatistics(window)
  }

  committed(ms: number): void {
    this.commits++
    this.#commitTimes.add(ms)
    this.#commitSuccess.add(1)
  }

  commitFailed(): void {
    this.#commitSuccess.add(0)
  }

  protected sample(group: string, attribute: string, value: number, labels: MetricLabels = {}): MetricSample {
    return { name: metricName(group, attribute), labels: { ...this.labels, ...labels }, value }
  }

  /** What the plugin itself counts. */
  ofTask(task: { metrics?(): readonly TaskMetric[] }): MetricSample[] {
    return (task.metrics?.() ?? []).map(({ name, value, labels }) => this.sample('task', name, value, labels))
  }

  protected common(now: number): MetricSample[] {
    const sizes = this.batchSizes.at(now)
    const times = this.#commitTimes.at(now)
    const success = this.#commitSuccess.at(now)
    const errors = this.#errors
    const task = (attribute: string, value: number): MetricSample =>
      this.sample('connector-task-metrics', attribute, value)
    const error = (attribute: string, value: number): MetricSample =>
      this.sample('task-error-metrics', attribute, value)
    return [
      task('batch-size-max', sizes.max),
      task('batch-size-avg', sizes.avg),
      task('offset-commit-max-time-ms', times.max),
      task('offset-commit-avg-time-ms', times.avg),
      // From 0 to 1, as Connect's; both 0 while there were none.
      task('offset-commit-failure-percentage', success.count === 0 ? 0 : 1 - success.avg),
      task('offset-commit-success-percentage', success.avg),
      error('total-record-failures', errors.failures),
      error('total-record-errors', errors.errors),
      error('total-records-skipped', errors.skipped),
      error('total-retries', errors.retries),
      error('total-errors-logged', errors.logged),
      error('deadletterqueue-produce-requests', errors.dlqRequests),
      error('deadletterqueue-produce-failures', errors.dlqFailures),
      error('last-error-timestamp', errors.lastErrorAt),
    ]
  }
}

export class SourceTaskMetrics extends TaskMetrics {
  readonly #pollTimes: WindowedStatistics
  readonly #transactionSizes: WindowedStatistics
  readonly #activeSizes: WindowedStatistics
  readonly #pollRate: Rate
  readonly #writeRate: Rate
  polled = 0
  written = 0
  /** Sent and not yet acknowledged. */
  active: () => number = () => 0

  constructor(labels: MetricLabels, errors: ErrorMetrics, window?: MetricWindow) {
    super(labels, errors, window)
    this.#pollTimes = new WindowedStatistics(window)
    this.#transactionSizes = new WindowedStatistics(window)
    this.#activeSizes = new WindowedStatistics(window)
    this.#pollRate = new Rate(window)
    this.#writeRate = new Rate(window)
  }

  /** A poll that answered records. */
  polledBatch(records: number, ms: number): void {
    this.polled += records
    this.batchSizes.add(records)
    this.#pollTimes.add(ms)
    this.#activeSizes.add(this.active() + records)
  }

  /** A transaction with so many records was committed (exactly-once support). */
  transaction(records: number): void {
    this.#transactionSizes.add(records)
  }

  samples(now: number): MetricSample[] {
    const times = this.#pollTimes.at(now)
    const sizes = this.#transactionSizes.at(now)
    const active = this.active()
    this.#activeSizes.add(active)
    const actives = this.#activeSizes.at(now)
    const of = (attribute: string, value: number): MetricSample => this.sample('source-task-metrics', attribute, value)
    return [
      of('source-record-poll-total', this.polled),
      of('source-record-poll-rate', this.#pollRate.at(now, this.polled)),
      of('source-record-write-total', this.written),
      of('source-record-write-rate', this.#writeRate.at(now, this.written)),
      of('source-record-active-count', active),
      of('source-record-active-count-max', actives.max),
      of('source-record-active-count-avg', actives.avg),
      of('poll-batch-max-time-ms', times.max),
      of('poll-batch-avg-time-ms', times.avg),
      of('transaction-size-min', sizes.min),
      of('transaction-size-max', sizes.max),
      of('transaction-size-avg', sizes.avg),
      ...this.common(now),
    ]
  }
}

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  readonly lag: number
}

export class SinkTaskMetrics extends TaskMetrics {
  readonly #putTimes: WindowedStatistics
  readonly #activeSizes: WindowedStatistics
  readonly #readRate: Rate
  readonly #sendRate: Rate
  readonly #commitRate: Rate
  read = 0
  sent = 0
  /** Read, and not yet taken by put. */
  inHand = 0
  commitSequence = 0

  constructor(labels: MetricLabels, errors: ErrorMetrics, window?: MetricWindow) {
    super(labels, errors, window)
    this.#putTimes = new WindowedStatistics(window)
    this.#activeSizes = new WindowedStatistics(window)
    this.#readRate = new Rate(window)
    this.#sendRate = new Rate(window)
    this.#commitRate = new Rate(window)
  }

  readBatch(records: number): void {
    this.read += records
    this.inHand += records
    this.#activeSizes.add(this.#active())
  }

  /** put() took them, after so many ms. */
  putBatch(records: number, ms: number): void {
    this.sent += records
    this.batchSizes.add(records)
    this.#putTimes.add(ms)
  }

  /** Taken by put, and not yet committed. */
  uncommitted: () => number = () => 0

  /** Records behind the end of each assigned partition. */
  lag: () => readonly PartitionLag[] = () => []

  samples(now: number): MetricSample[] {
    const times = this.#putTimes.at(now)
    const lag = this.lag()
    const active = this.#active()
    this.#activeSizes.add(active)
    const actives = this.#activeSizes.at(now)
    const of = (attribute: string, value: number, labels?: MetricLabels): MetricSample =>
      this.sample('sink-task-metrics', attribute, value, labels)
    return [
      of('sink-record-read-total', this.read),
      of('sink-record-read-rate', this.#readRate.at(now, this.read)),
      of('sink-record-send-total', this.sent),
      of('sink-record-send-rate', this.#sendRate.at(now, this.sent)),
      of('sink-record-active-count', active),
      of('sink-record-active-count-max', actives.max),
      of('sink-record-active-count-avg', actives.avg),
      of(
        'sink-record-lag-max',
        lag.reduce((max, each) => Math.max(max, each.lag), 0),
      ),
      ...lag.map((each) => of('records-lag', each.lag, { topic: each.topic, partition: String(each.partition) })),
      of('partition-count', lag.length),
      of('offset-commit-seq-no', this.commitSequence),
      of('offset-commit-completion-total', this.commits),
      of('offset-commit-completion-rate', this.#commitRate.at(now, this.commits)),
      // Commits of a task never overtake each other, so that none is left out.
      of('offset-commit-skip-total', 0),
      of('offset-commit-skip-rate', 0),
      of('put-batch-max-time-ms', times.max),
      of('put-batch-avg-time-ms', times.avg),
      ...this.common(now),
    ]
  }

  /** Read and not yet committed, as Connect counts it. */
  #active(): number {
    return this.inHand + this.uncommitted()
  }
}
