import { ConnectError, errorCode } from '../api/index.ts'
import type {
  ErrantRecordReporter,
  Logger,
  Offsets,
  Props,
  SinkRecord,
  SinkTask,
  SinkTaskContext,
  TopicPartition,
} from '../api/index.ts'
import { Backoff } from '../async/backoff.ts'
import { Gate } from '../async/gate.ts'
import { Turns } from '../async/turns.ts'
import type { FetchedRecord } from '../kafka/fetcher.ts'
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
import type { Awaited, TaskProgress } from './task-progress.ts'

export interface SinkTaskRunnerOptions {
  readonly connector: string
  readonly taskNumber: number
  readonly task: SinkTask
  readonly props: Props
  readonly configs: () => Promise<Props>
  readonly topics: readonly string[] | RegExp
  readonly consumer: Consumer
  readonly pipeline: SinkPipeline
  readonly tolerance: ErrorTolerance
  readonly errantRecords: ErrantRecordReporter | undefined
  readonly metrics: SinkTaskMetrics
  readonly progress: TaskProgress
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
  /** What a rebalance callback threw: it ends the loop, not the consumer. */
  #callbackError: { readonly error: unknown } | undefined
  /** A member of its group: the assignment is known, be it empty. */
  #joined = false

  constructor(options: SinkTaskRunnerOptions) {
    this.#options = options
    const { task, consumer, tolerance, metrics, progress, logger } = options
    metrics.lag = () => consumer.lag()
    metrics.uncommitted = () => this.#offsets.uncommitted()
    progress.inFlight = () => metrics.inHand
    progress.lag = () => consumer.lag().reduce((sum, each) => sum + each.lag, 0)
    this.#commits = new SinkCommits({
      ...{ task, consumer, tolerance, metrics, progress, logger },
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
    const { task, props, consumer, topics, progress, logger } = this.#options
    const wake = (): void => consumer.wakeup()
    if (!this.#gate.isOpen) {
      progress.waits('resume')
      this.#options.news.paused()
    }
    if (!(await this.#gate.opened(stop))) return
    progress.waits('start')
    try {
      await task.start(props, this.#context)
      stop.addEventListener('abort', wake, { once: true })
      consumer.subscribe(topics, this.#rebalances())
      try {
        while (!stop.aborted) {
          await this.#iterate(stop)
          const turn = this.#turns.due()
          if (turn !== undefined) await turn
        }
      } catch (error) {
        // What was delivered before counts all the same, as in Connect.
        await this.#giveBack(consumer.assignment(), true).catch((also: unknown) =>
          logger.warn(`the partitions of a failed task are not closed cleanly: ${errorLine(also)}`),
        )
        throw error
      }
      progress.waits('stop')
      await this.#giveBack(consumer.assignment(), true)
    } finally {
      stop.removeEventListener('abort', wake)
      await task.stop().catch((error: unknown) => logger.warn('the task failed to stop', { error }))
    }
  }

  async #iterate(stop: AbortSignal): Promise<void> {
    const { consumer, metrics, progress } = this.#options
    this.#applyPause()
    this.#seek()
    const now = Date.now()
    await this.#commits.poke(now)
    progress.waits(this.#awaited())
    const polled = await consumer.poll({ signal: stop, timeoutMs: this.#pollTimeout(now) })
    if (this.#callbackError !== undefined)
      throw new ConnectError('Exiting WorkerSinkTask due to unrecoverable exception.', {
        cause: this.#callbackError.error,
      })
    if (stop.aborted && polled.length === 0) return
    let batch = this.#redelivery.take()
    if (polled.length > 0) {
      metrics.readBatch(polled.length)
      progress.read(polled.length)
      if (!this.#retrying) progress.waits('conversion')
      this.#offsets.began(polled)
      const records = await this.#process(polled, stop)
      if (records === undefined) return
      const ends = endOffsets(polled)
      batch = batch === undefined ? { records, ends } : joined(batch, { records, ends })
    }
    await this.#put(batch ?? EMPTY, stop)
  }

  /** undefined: a record was about to be tried again when the task was asked to stop. */
  async #process(polled: readonly FetchedRecord[], stop: AbortSignal): Promise<readonly SinkRecord[] | undefined> {
    try {
      return await this.#options.pipeline.process(polled, stop)
    } catch (error) {
      if (stop.aborted && error === stop.reason) return undefined
      throw error
    }
  }

  async #put(batch: SinkBatch, stop: AbortSignal): Promise<void> {
    const { task, metrics, progress, consumer, logger } = this.#options
    const started = performance.now()
    const wasWaiting = this.#retrying
    if (!wasWaiting) progress.waits('put')
    try {
      await task.put(batch.records, stop)
    } catch (error) {
      if (stop.aborted && (error === stop.reason || (error as Error).name === 'AbortError')) return
      if (errorCode(error) !== 'RETRIABLE')
        throw new ConnectError('Exiting WorkerSinkTask due to unrecoverable exception.', { cause: error })
      logger.warn(`put failed and will be tried again: ${errorLine(error)}`)
      progress.waits('back-off')
      this.#retrying = true
      this.#redelivery.hold(batch)
      consumer.pause(consumer.assignment())
      return
    }
    this.#retrying = false
    if (batch.records.length > 0) {
      metrics.putBatch(batch.records.length, performance.now() - started)
      progress.sent(batch.records.length)
      progress.acked(batch.records.length)
    }
    metrics.inHand = 0
    this.#offsets.delivered(batch.ends)
    if (wasWaiting) {
      this.#retry.reset()
      if (this.#gate.isOpen) this.#resumePartitions()
    }
  }

  #awaited(): Awaited {
    if (this.#retrying) return 'back-off'
    if (!this.#gate.isOpen) return 'resume'
    return this.#joined ? 'records' : 'consumer assignment'
  }

  #seek(): void {
    if (this.#seeks.length === 0) return
    const seeks = this.#seeks
    this.#seeks = []
    this.#rewind(seeks)
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
    const { consumer, logger } = this.#options
    const assigned = new Set(consumer.assignment().map(({ topic, partition }) => partitionName(topic, partition)))
    const ours = offsets.filter(({ topic, partition }) => assigned.has(partitionName(topic, partition)))
    for (const { topic, partition, offset } of ours) consumer.seek(topic, partition, offset)
    if (ours.length < offsets.length) logger.warn('ignoring a request to read again partitions that are not assigned')
    this.#offsets.rewound(ours)
  }

  #rebalances(): RebalanceListener {
    const guarded =
      (job: (partitions: readonly TopicPartition[]) => Promise<void>) =>
      async (partitions: readonly TopicPartition[]): Promise<void> => {
        try {
          await job(partitions)
        } catch (error) {
          this.#callbackError ??= { error }
        }
      }
    return {
      assigned: guarded(async (partitions) => {
        this.#joined = true
        await this.#takeOver(partitions)
      }),
      revoked: guarded(async (partitions) => {
        // A cooperative rebalance takes some and lets the others be read on.
        this.#joined = partitions.length < this.#options.consumer.assignment().length
        await this.#giveBack(partitions, true)
      }),
      lost: guarded(async (partitions) => {
        this.#joined = false
        await this.#giveBack(partitions, false)
      }),
    }
  }

  async #takeOver(partitions: readonly TopicPartition[]): Promise<void> {
    const { consumer, task } = this.#options
    this.#offsets.assigned(
      partitions.map(({ topic, partition }) => ({ topic, partition, offset: consumer.position(topic, partition) })),
    )
    if (partitions.length > 0) await task.open?.(partitions)
    // What open() asked for counts before the first record.
    this.#seek()
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
    const { connector, taskNumber, configs, logger, consumer, errantRecords } = this.#options
    return {
      connector,
      task: taskNumber,
      logger,
      configs,
      errantRecords,
      assignment: () => consumer.assignment(),
      atEnd: (partition) => consumer.atEnd(partition),
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
