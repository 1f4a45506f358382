import { ConnectError, errorCode } from '../api/index.ts'
import type { Logger, Props, SourceRecord, SourceTask, SourceTaskContext } from '../api/index.ts'
import { anySignal, sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import { Gate } from '../async/gate.ts'
import { Turns } from '../async/turns.ts'
import { errorLine } from '../telemetry/stack-trace.ts'
import type { Delivery } from './delivery.ts'
import type { TaskNews } from './runnable-task.ts'
import type { OutgoingBatch, SourcePipeline } from './source-pipeline.ts'
import type { SourceTaskMetrics } from './task-metrics.ts'
import type { TopicCreation } from './topic-creation.ts'
import type { TopicUse } from './topic-use.ts'

export interface SourceTaskRunnerOptions {
  readonly task: SourceTask
  readonly props: Props
  readonly context: SourceTaskContext
  readonly pipeline: SourcePipeline
  /** Made when the task starts: its commits begin then. */
  readonly delivery: () => Delivery
  readonly topics: TopicUse
  /** undefined: the broker creates topics */
  readonly creation: TopicCreation | undefined
  readonly metrics: SourceTaskMetrics
  readonly news: TaskNews
  readonly logger: Logger
  /** How long records may still look for room in the producer after a stop, ms. */
  readonly drainMs: number
}

/** Poll, transform, convert, send: one loop, one batch at a time. */
export class SourceTaskRunner {
  readonly #options: SourceTaskRunnerOptions
  readonly #gate = new Gate()
  readonly #turns = new Turns()
  readonly #retry = new Backoff({ initialMs: 100, maxMs: 5000 })
  /** Aborts the running poll when the task is paused; a new one after it was resumed. */
  #pausing = new AbortController()
  #pollSignal: { readonly of: AbortController; readonly signal: AbortSignal } | undefined

  constructor(options: SourceTaskRunnerOptions) {
    this.#options = options
  }

  pause(): void {
    this.#gate.close()
    this.#pausing.abort()
  }

  resume(): void {
    this.#pausing = new AbortController()
    this.#gate.open()
  }

  async run(stop: AbortSignal): Promise<void> {
    const { task, props, context, news, logger } = this.#options
    if (!this.#gate.isOpen) news.paused()
    if (!(await this.#gate.opened(stop))) return
    try {
      await task.start(props, context)
      if (!stop.aborted) news.started()
      await using delivery = this.#options.delivery()
      await this.#deliverAll(delivery, stop)
    } finally {
      // The last: what was delivered is committed by now.
      await task.stop().catch((error: unknown) => logger.warn('the task failed to stop', { error }))
    }
  }

  async #deliverAll(delivery: Delivery, stop: AbortSignal): Promise<void> {
    const { pipeline, topics, creation } = this.#options
    // A batch polled before the stop is still sent, if there is room soon (Invariant 7).
    const drained = new AbortController()
    const onStop = (): void => void setTimeout(() => drained.abort(), this.#options.drainMs).unref()
    stop.addEventListener('abort', onStop, { once: true })
    const sending = anySignal(drained.signal, delivery.failed)
    try {
      while (await this.#mayPoll(stop)) {
        const polled = await this.#poll(stop, delivery.failed)
        delivery.throwIfFailed()
        if (polled.length > 0) {
          const batch = await pipeline.process(polled, stop)
          const unseen = topics.takeUnseen()
          if (unseen.length > 0) await creation?.ensure(unseen, stop)
          await this.#send(delivery, batch, sending)
        }
        const turn = this.#turns.due()
        if (turn !== undefined) await turn
      }
    } finally {
      stop.removeEventListener('abort', onStop)
    }
  }

  async #mayPoll(stop: AbortSignal): Promise<boolean> {
    if (this.#gate.isOpen) return !stop.aborted
    const { news } = this.#options
    if (!stop.aborted) news.paused()
    const opened = await this.#gate.opened(stop)
    if (opened) news.resumed()
    return opened
  }

  async #poll(stop: AbortSignal, failed: AbortSignal): Promise<readonly SourceRecord[]> {
    // One combined signal per running period, not per poll.
    if (this.#pollSignal?.of !== this.#pausing)
      this.#pollSignal = { of: this.#pausing, signal: anySignal(stop, failed, this.#pausing.signal) }
    const { signal } = this.#pollSignal
    const { task, metrics, logger } = this.#options
    const started = performance.now()
    try {
      const records = await task.poll(signal)
      metrics.polledBatch(records.length, performance.now() - started)
      if (records.length > 0) this.#retry.reset()
      return records
    } catch (error) {
      if (signal.aborted && (error === signal.reason || (error as Error).name === 'AbortError')) return []
      if (errorCode(error) !== 'RETRIABLE') throw error
      logger.warn(`poll failed and will be tried again: ${errorLine(error)}`)
      await sleep(this.#retry.next(), signal)
      return []
    }
  }

  async #send(delivery: Delivery, batch: OutgoingBatch, signal: AbortSignal): Promise<void> {
    try {
      await delivery.send(batch, signal)
    } catch (error) {
      delivery.throwIfFailed()
      if (signal.aborted) return // stopping: what was not taken will be read again
      throw new ConnectError('records cannot be sent', { cause: error })
    }
  }
}
