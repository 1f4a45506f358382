import { ConnectError } from '../api/index.ts'
import type { Logger, Offsets, SinkTask, TopicPartition } from '../api/index.ts'
import { abortable } from '../async/abort.ts'
import type { Consumer } from '../kafka/consumer.ts'
import { errorLine } from '../telemetry/stack-trace.ts'
import type { ErrorTolerance } from './error-tolerance.ts'
import type { SinkOffsets } from './sink-offsets.ts'
import type { SinkTaskMetrics } from './task-metrics.ts'

export interface SinkCommitsOptions {
  readonly task: SinkTask
  readonly consumer: Consumer
  readonly offsets: SinkOffsets
  readonly tolerance: ErrorTolerance
  readonly metrics: SinkTaskMetrics
  readonly logger: Logger
  /** `offset.flush.interval.ms`, `offset.flush.timeout.ms` */
  readonly intervalMs: number
  readonly timeoutMs: number
  /** preCommit failed: read again from here. */
  readonly rewind: (offsets: Offsets) => void
}

/** When and what a sink task commits: at intervals without waiting, on revoke and at the end with. */
export class SinkCommits {
  readonly #options: SinkCommitsOptions
  #requested = false
  #next: number
  #running: { readonly sequence: number; readonly startedAt: number } | undefined

  constructor(options: SinkCommitsOptions) {
    this.#options = options
    this.#next = Date.now() + options.intervalMs
  }

  /** Before the next poll instead of at the next interval. */
  request(): void {
    this.#requested = true
  }

  msUntilNext(now: number): number {
    return this.#requested ? 0 : Math.max(0, this.#next - now)
  }

  /** Starts a commit if one is due. */
  async poke(now: number): Promise<void> {
    const { metrics, logger, timeoutMs, intervalMs } = this.#options
    if (this.#running !== undefined && now >= this.#running.startedAt + timeoutMs) {
      logger.warn('commit of offsets timed out')
      metrics.failedCommits++
      this.#running = undefined
    }
    if (this.#running !== undefined || (!this.#requested && now < this.#next)) return
    this.#next = now + intervalMs
    this.#requested = false
    const offsets = await this.#wanted(this.#options.offsets.current(), false)
    if (offsets.length > 0) void this.#commit(offsets)
  }

  /** The last commit for these partitions, before they are given back. Does not throw when Kafka is not reachable. */
  async close(partitions: readonly TopicPartition[]): Promise<void> {
    const offsets = await this.#wanted(this.#options.offsets.current(partitions), true)
    if (offsets.length > 0) await this.#commit(offsets)
  }

  async #wanted(current: Offsets, closing: boolean): Promise<Offsets> {
    const { task, offsets, logger, rewind } = this.#options
    if (current.length === 0) return []
    try {
      const wanted = task.preCommit === undefined ? current : await task.preCommit(current)
      return offsets.committable(wanted, logger)
    } catch (error) {
      if (closing) throw new ConnectError('the task cannot say what it delivered', { cause: error })
      logger.error('offset commit failed, reading again from the last committed offsets', { error })
      this.#options.metrics.failedCommits++
      rewind(offsets.lastCommitted())
      return []
    }
  }

  async #commit(wanted: Offsets): Promise<void> {
    const { consumer, offsets, tolerance, metrics, logger, timeoutMs } = this.#options
    const sequence = ++metrics.commitSequence
    const startedAt = Date.now()
    this.#running = { sequence, startedAt }
    try {
      // Reports of bad records are part of the delivery: they must be durable first.
      const signal = AbortSignal.timeout(timeoutMs)
      if (tolerance.hasReports) await abortable(tolerance.reported(), signal)
      await consumer.commit(wanted, signal)
      if (this.#running?.sequence !== sequence) {
        metrics.skippedCommits++
        return
      }
      offsets.committed(wanted)
      metrics.committed(Date.now() - startedAt)
    } catch (error) {
      metrics.failedCommits++
      logger.warn(`offsets are not committed: ${errorLine(error)}`)
    } finally {
      if (this.#running?.sequence === sequence) this.#running = undefined
    }
  }
}
