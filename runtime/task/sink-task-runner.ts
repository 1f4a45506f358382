import { ConnectError, errorCode } from '../api/index.ts'
import type {
  ErrantRecordReporter,
  Logger,
  Offsets,
  Props,
  SinkTask,
  SinkTaskContext,
  TopicPartition,
} from '../api/index.ts'
import { Backoff } from '../async/backoff.ts'
import { Gate } from '../async/gate.ts'
import { Turns } from '../async/turns.ts'
import type { Consumer, RebalanceListener } from '../kafka/consumer.ts'
import { partitionName } from '../kafka/topic-partition.ts'
import { errorLine } from '../telemetry/stack-trace.ts'
import type { ErrorTolerance } from './error-tolerance.ts'
import type { TaskNews } from './runnable-task.ts'
import { SinkCommits } from './sink-commits.ts'
import { endOffsets, SinkOffsets } from './sink-offsets.ts'
import type { SinkPipeline } from './sink-pipeline.ts'
import { SinkRedelivery } from './sink-redelivery.ts'
import type { SinkBatch } from './sink-redelivery.ts'
import type { SinkTaskMetrics } from './task-metrics.ts'

export interface SinkTaskRunnerOptions {
  readonly connector: string
  readonly taskNumber: number
  readonly task: SinkTask
  readonly props: Props
  readonly topics: readonly string[] | RegExp
  readonly consumer: Consumer
  readonly pipeline: SinkPipeline
  readonly tolerance: ErrorTolerance
  readonly errantRecords: ErrantRecordReporter | undefined
  readonly metrics: SinkTaskMetrics
  readonly news: TaskNews
  readonly logger: Logger
  readonly commitIntervalMs: number
  readonly commitTimeoutMs: number
}

/** Poll, convert, transform, put: one loop; commits and rebalances happen between two batches. */
export class SinkTaskRunner {
  readonly #options: SinkTaskRunnerOptions
  readonly #offsets = new SinkOffsets()
  readonly #redelivery = new SinkRedelivery()
  readonly #retry = new Backoff({ initialMs: 200, maxMs: 5000 })
  readonly #turns = new Turns()
  readonly #gate = new Gate()
  readonly #commits: SinkCommits
  readonly #context: SinkTaskContext
  /** Paused by the task itself, until it resumes them. */
  readonly #pausedByTask = new Map<string, TopicPartition>()
  #seeks: Offsets = []
  #timeoutMs: number | undefined
  /** put() asked to be called again; all partitions are paused meanwhile. */
  #retrying = false
  #told: 'started' | 'paused' | undefined
  #callbackError: unknown

  constructor(options: SinkTaskRunnerOptions) {
    this.#options = options
    const { task, consumer, tolerance, metrics, logger } = options
    metrics.lag = () => consumer.lag()
    this.#commits = new SinkCommits({
      ...{ task, consumer, tolerance, metrics, logger },
      offsets: this.#offsets,
      intervalMs: options.commitIntervalMs,
      timeoutMs: options.commitTimeoutMs,
      rewind: (offsets) => this.#rewind(offsets),
    })
    this.#context = this.#makeContext()
  }

  pause(): void {
    this.#gate.close()
    this.#options.consumer.wakeup()
  }

  resume(): void {
    this.#gate.open()
    this.#options.consumer.wakeup()
  }

  async run(stop: AbortSignal): Promise<void> {
    const { task, props, consumer, topics, logger } = this.#options
    const wake = (): void => consumer.wakeup()
    if (!this.#gate.isOpen) this.#options.news.paused()
    if (!(await this.#gate.opened(stop))) return
    try {
      await task.start(props, this.#context)
      stop.addEventListener('abort', wake, { once: true })
      consumer.subscribe(topics, this.#rebalances())
      while (!stop.aborted) {
        await this.#iterate(stop)
        const turn = this.#turns.due()
        if (turn !== undefined) await turn
      }
      await this.#giveBack(consumer.assignment(), true)
    } finally {
      stop.removeEventListener('abort', wake)
      await task.stop().catch((error: unknown) => logger.warn('the task failed to stop', { error }))
    }
  }

  async #iterate(stop: AbortSignal): Promise<void> {
    const { consumer, pipeline, metrics } = this.#options
    this.#applyPause()
    if (this.#seeks.length > 0) this.#rewind(this.#seeks)
    this.#seeks = []
    const now = Date.now()
    await this.#commits.poke(now)
    const polled = await consumer.poll({ signal: stop, timeoutMs: this.#pollTimeout(now) })
    if (this.#callbackError !== undefined)
      throw new ConnectError('Exiting WorkerSinkTask due to unrecoverable exception.', { cause: this.#callbackError })
    if (stop.aborted && polled.length === 0) return
    let batch = this.#redelivery.take()
    if (polled.length > 0) {
      metrics.read += polled.length
      metrics.active += polled.length
      const records = await pipeline.process(polled, stop)
      const ends = endOffsets(polled)
      batch = batch === undefined ? { records, ends } : joined(batch, { records, ends })
    }
    await this.#put(batch ?? EMPTY, stop)
  }

  async #put(batch: SinkBatch, stop: AbortSignal): Promise<void> {
    const { task, metrics, consumer, logger } = this.#options
    const started = performance.now()
    const wasWaiting = this.#retrying
    try {
      await task.put(batch.records, stop)
    } catch (error) {
      if (stop.aborted && (error === stop.reason || (error as Error).name === 'AbortError')) return
      if (errorCode(error) !== 'RETRIABLE')
        throw new ConnectError('Exiting WorkerSinkTask due to unrecoverable exception.', { cause: error })
      logger.warn(`put failed and will be tried again: ${errorLine(error)}`)
      this.#retrying = true
      this.#redelivery.hold(batch)
      consumer.pause(consumer.assignment())
      return
    }
    this.#retrying = false
    if (batch.records.length > 0) {
      metrics.sent += batch.records.length
      metrics.batchSizes.add(batch.records.length)
      metrics.putTimes.add(performance.now() - started)
    }
    metrics.active = 0
    this.#offsets.delivered(batch.ends)
    if (wasWaiting) {
      this.#retry.reset()
      if (this.#gate.isOpen) this.#resumePartitions()
    }
  }

  #pollTimeout(now: number): number {
    let timeout = this.#commits.msUntilNext(now)
    // All partitions are paused then: without a limit poll would wait for the next commit.
    if (this.#retrying) timeout = Math.min(timeout, this.#timeoutMs ?? this.#retry.next())
    else if (this.#timeoutMs !== undefined) timeout = Math.min(timeout, this.#timeoutMs)
    this.#timeoutMs = undefined
    return timeout
  }

  #applyPause(): void {
    const { consumer, news } = this.#options
    if (!this.#gate.isOpen && this.#told !== 'paused') {
      consumer.pause(consumer.assignment())
      this.#commits.request()
      this.#told = 'paused'
      news.paused()
    } else if (this.#gate.isOpen && this.#told !== 'started') {
      if (this.#told === 'paused') {
        if (!this.#retrying) this.#resumePartitions()
        news.resumed()
      } else news.started()
      this.#told = 'started'
    }
  }

  #resumePartitions(): void {
    const { consumer } = this.#options
    consumer.resume(
      consumer.assignment().filter(({ topic, partition }) => !this.#pausedByTask.has(partitionName(topic, partition))),
    )
  }

  #rewind(offsets: Offsets): void {
    const { consumer } = this.#options
    for (const { topic, partition, offset } of offsets) consumer.seek(topic, partition, offset)
    this.#offsets.rewound(offsets)
  }

  #rebalances(): RebalanceListener {
    const guarded =
      (job: (partitions: readonly TopicPartition[]) => Promise<void>) =>
      async (partitions: readonly TopicPartition[]): Promise<void> => {
        try {
          await job(partitions)
        } catch (error) {
          this.#callbackError ??= error
        }
      }
    return {
      assigned: guarded((partitions) => this.#takeOver(partitions)),
      revoked: guarded((partitions) => this.#giveBack(partitions, true)),
      lost: guarded((partitions) => this.#giveBack(partitions, false)),
    }
  }

  async #takeOver(partitions: readonly TopicPartition[]): Promise<void> {
    const { consumer, task } = this.#options
    this.#offsets.assigned(
      partitions.map(({ topic, partition }) => ({ topic, partition, offset: consumer.position(topic, partition) })),
    )
    if (partitions.length > 0) await task.open?.(partitions)
    if (!this.#gate.isOpen || this.#retrying) consumer.pause(partitions)
  }

  /** Lost partitions belong to somebody else already: nothing may be committed for them. */
  async #giveBack(partitions: readonly TopicPartition[], commit: boolean): Promise<void> {
    if (partitions.length === 0) return
    try {
      if (commit) await this.#commits.close(partitions)
    } finally {
      this.#redelivery.drop(partitions)
      this.#offsets.revoked(partitions)
      for (const { topic, partition } of partitions) this.#pausedByTask.delete(partitionName(topic, partition))
      await this.#options.task.close?.(partitions)
    }
  }

  #makeContext(): SinkTaskContext {
    const { connector, taskNumber, logger, consumer, errantRecords } = this.#options
    return {
      connector,
      task: taskNumber,
      logger,
      errantRecords,
      assignment: () => consumer.assignment(),
      seek: (offsets) => void (this.#seeks = [...this.#seeks, ...offsets]),
      timeout: (ms) => void (this.#timeoutMs = ms),
      requestCommit: () => this.#commits.request(),
      pause: (partitions) => {
        for (const each of partitions) this.#pausedByTask.set(partitionName(each.topic, each.partition), each)
        consumer.pause(partitions)
      },
      resume: (partitions) => {
        for (const each of partitions) this.#pausedByTask.delete(partitionName(each.topic, each.partition))
        if (this.#gate.isOpen && !this.#retrying) consumer.resume(partitions)
      },
    }
  }
}

const EMPTY: SinkBatch = { records: [], ends: [] }

function joined(first: SinkBatch, second: SinkBatch): SinkBatch {
  return { records: [...first.records, ...second.records], ends: [...first.ends, ...second.ends] }
}
