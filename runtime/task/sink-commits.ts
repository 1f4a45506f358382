import { ConnectError } from '../api/index.ts'
import type { Logger, Offsets, SinkTask, TopicPartition } from '../api/index.ts'
import { abortable } from '../async/abort.ts'
import type { Consumer } from '../kafka/consumer.ts'
import { errorLine } from '../telemetry/stack-trace.ts'
import type { ErrorTolerance } from './error-tolerance.ts'
import type { SinkOffsets } from './sink-offsets.ts'
import type { SinkTaskMetrics } from './task-metrics.ts'
import type { TaskProgress } from './task-progress.ts'

export interface SinkCommitsOptions {
  readonly task: SinkTask
  readonly consumer: Consumer
  readonly offsets: SinkOffsets
  readonly tolerance: ErrorTolerance
  readonly metrics: SinkTaskMetrics
  readonly progress: TaskProgress
  readonly logger: Logger
  /** `offset.flush.interval.ms`, `offset.flush.timeout.ms` */
  readonly intervalMs: number
  readonly timeoutMs: number
  /** preCommit failed: read again from here. */
  readonly rewind: (offsets: Offsets) => void
}

interface RunningCommit {
  readonly startedAt: number
  readonly done: Promise<void>
}

/**
 * When and what a sink task commits: at intervals without waiting, on revoke and at the end with. Commits of one task never overtake each
 * other: one runs at a time, each for `timeoutMs` at most.
 */
export class SinkCommits {
  readonly #options: SinkCommitsOptions
  #requested = false
  #next: number
  #running: RunningCommit | undefined
  #failing = false

  constructor(options: SinkCommitsOptions) {
    this.#options = options
    this.#next = Date.now() + options.intervalMs
  }

  /** Before the next poll instead of at the next interval. */
  request(): void {
    this.#requested = true
  }

  /** How long the consumer may be polled before poke() has something to do. The end of a running commit wakes the consumer. */
  msUntilNext(now: number): number {
    const running = this.#running
    if (running !== undefined) return Math.max(0, running.startedAt + this.#options.timeoutMs - now)
    return this.#requested ? 0 : Math.max(0, this.#next - now)
  }

  /** Starts a commit if one is due. */
  async poke(now: number): Promise<void> {
    const { tolerance, intervalMs } = this.#options
    if (tolerance.lostReport !== undefined) throw tolerance.lostReport
    if (this.#running !== undefined || (!this.#requested && now < this.#next)) return
    this.#next = now + intervalMs
    this.#requested = false
    const offsets = await this.#wanted(this.#options.offsets.current(), false)
    if (offsets.length > 0) void this.#begin(offsets)
  }

  /**
   * The last commit for these partitions, before they are given back. Throws what preCommit throws, but not when Kafka is not reachable:
   * then the records are read again.
   */
  async close(partitions: readonly TopicPartition[]): Promise<void> {
    // What is under way may be older than what comes now: it must not arrive after it.
    await this.#running?.done
    const offsets = await this.#wanted(this.#options.offsets.current(partitions), true)
    if (offsets.length > 0) await this.#begin(offsets)
  }

  async #wanted(current: Offsets, closing: boolean): Promise<Offsets> {
    const { task, offsets, logger, rewind } = this.#options
    if (current.length === 0) return []
    let wanted: Offsets
    try {
      // A task that answers nothing wants nothing committed.
      wanted = task.preCommit === undefined ? current : ((await task.preCommit(current)) ?? [])
    } catch (error) {
      this.#options.metrics.commitFailed()
      if (closing) throw new ConnectError('the task cannot say what it delivered', { cause: error })
      logger.error('offset commit failed, reading again from the last committed offsets', { error })
      rewind(offsets.lastCommitted())
      return []
    }
    return offsets.committable(wanted, logger)
  }

  #begin(wanted: Offsets): Promise<void> {
    const { metrics, progress, timeoutMs, consumer } = this.#options
    metrics.commitSequence++
    const signal = AbortSignal.timeout(timeoutMs)
    if (!this.#failing) progress.waitsBeside('offset commit')
    const startedAt = Date.now()
    const done = this.#commit(wanted, startedAt, signal).finally(() => {
      this.#running = undefined
      if (this.#requested) consumer.wakeup()
    })
    this.#running = { startedAt, done }
    return done
  }

  async #commit(wanted: Offsets, startedAt: number, signal: AbortSignal): Promise<void> {
    const { consumer, offsets, tolerance, metrics, progress, logger, timeoutMs } = this.#options
    try {
      // Reports of bad records are part of the delivery: they must be durable first.
      if (tolerance.hasReports) await abortable(tolerance.reported(), signal)
      await consumer.commit(wanted, signal)
      offsets.committed(wanted)
      this.#failing = false
      progress.waitsBeside(undefined)
      progress.committed()
      metrics.committed(Date.now() - startedAt)
    } catch (error) {
      this.#failing = true
      metrics.commitFailed()
      const reason = error === signal.reason ? `not within offset.flush.timeout.ms=${timeoutMs}` : errorLine(error)
      logger.warn(`offsets are not committed: ${reason}`)
    }
  }
}
