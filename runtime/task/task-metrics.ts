import type { TaskMetric } from '../api/index.ts'
import { metricName } from '../telemetry/metrics.ts'
import type { MetricLabels, MetricSample } from '../telemetry/metrics.ts'
import { Rate } from '../telemetry/rate.ts'
import type { ErrorMetrics } from './error-metrics.ts'
import { TimeStatistics } from './time-statistics.ts'

/** What both kinds of tasks count; the names are those of Connect's groups and attributes. */
abstract class TaskMetrics {
  readonly labels: MetricLabels
  readonly batchSizes = new TimeStatistics()
  readonly commitTimes = new TimeStatistics()
  readonly #errors: ErrorMetrics
  commits = 0
  failedCommits = 0

  constructor(labels: MetricLabels, errors: ErrorMetrics) {
    this.labels = labels
    this.#errors = errors
  }

  committed(ms: number): void {
    this.commits++
    this.commitTimes.add(ms)
  }

  protected sample(group: string, attribute: string, value: number, labels: MetricLabels = {}): MetricSample {
    return { name: metricName(group, attribute), labels: { ...this.labels, ...labels }, value }
  }

  /** What the plugin itself counts. */
  ofTask(task: { metrics?(): readonly TaskMetric[] }): MetricSample[] {
    return (task.metrics?.() ?? []).map(({ name, value, labels }) => this.sample('task', name, value, labels))
  }

  protected common(): MetricSample[] {
    const sizes = this.batchSizes.take()
    const times = this.commitTimes.take()
    const attempts = this.commits + this.failedCommits
    const failures = attempts === 0 ? 0 : (100 * this.failedCommits) / attempts
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
      task('offset-commit-failure-percentage', failures),
      task('offset-commit-success-percentage', attempts === 0 ? 0 : 100 - failures),
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
  readonly pollTimes = new TimeStatistics()
  readonly transactionSizes = new TimeStatistics()
  readonly activeSizes = new TimeStatistics()
  readonly #pollRate = new Rate()
  readonly #writeRate = new Rate()
  polled = 0
  written = 0
  /** Sent and not yet acknowledged. */
  active: () => number = () => 0

  polledBatch(records: number, ms: number): void {
    this.polled += records
    this.batchSizes.add(records)
    this.pollTimes.add(ms)
    this.activeSizes.add(this.active() + records)
  }

  /** A transaction with so many records was committed (exactly-once support). */
  transaction(records: number): void {
    this.transactionSizes.add(records)
  }

  samples(now: number): MetricSample[] {
    const times = this.pollTimes.take()
    const sizes = this.transactionSizes.take()
    const active = this.active()
    this.activeSizes.add(active)
    const actives = this.activeSizes.take()
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
      ...this.common(),
    ]
  }
}

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  readonly lag: number
}

export class SinkTaskMetrics extends TaskMetrics {
  readonly putTimes = new TimeStatistics()
  readonly activeSizes = new TimeStatistics()
  readonly #readRate = new Rate()
  readonly #sendRate = new Rate()
  readonly #commitRate = new Rate()
  readonly #skipRate = new Rate()
  read = 0
  sent = 0
  /** Read, and not yet taken by put. */
  active = 0
  commitSequence = 0
  skippedCommits = 0
  readBatch(records: number): void {
    this.read += records
    this.active += records
    this.activeSizes.add(this.active)
  }

  /** Records behind the end of each assigned partition. */
  lag: () => readonly PartitionLag[] = () => []

  samples(now: number): MetricSample[] {
    const times = this.putTimes.take()
    const lag = this.lag()
    this.activeSizes.add(this.active)
    const actives = this.activeSizes.take()
    const of = (attribute: string, value: number, labels?: MetricLabels): MetricSample =>
      this.sample('sink-task-metrics', attribute, value, labels)
    return [
      of('sink-record-read-total', this.read),
      of('sink-record-read-rate', this.#readRate.at(now, this.read)),
      of('sink-record-send-total', this.sent),
      of('sink-record-send-rate', this.#sendRate.at(now, this.sent)),
      of('sink-record-active-count', this.active),
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
      of('offset-commit-skip-total', this.skippedCommits),
      of('offset-commit-skip-rate', this.#skipRate.at(now, this.skippedCommits)),
      of('put-batch-max-time-ms', times.max),
      of('put-batch-avg-time-ms', times.avg),
      ...this.common(),
    ]
  }
}
