import { ConnectError, errorCode } from '../api/index.ts'
import type { Logger, Props, SourceRecord, SourceTask, SourceTaskContext } from '../api/index.ts'
import { anySignal, sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import { Gate } from '../async/gate.ts'
import { Turns } from '../async/turns.ts'
import { errorLine } from '../telemetry/stack-trace.ts'
import type { Delivery } from './delivery.ts'
import type { Guarantee } from './guarantee.ts'
import type { TaskNews } from './runnable-task.ts'
import type { SourcePipeline } from './source-pipeline.ts'
import { HOLD_MS } from './submitted-records.ts'
import type { SourceTaskMetrics } from './task-metrics.ts'
import type { TaskProgress } from './task-progress.ts'
import type { TopicCreation } from './topic-creation.ts'
import type { TopicUse } from './topic-use.ts'

export interface SourceTaskRunnerOptions {
  readonly task: SourceTask
  readonly props: Props
  readonly context: SourceTaskContext
  readonly pipeline: SourcePipeline
  readonly guarantee: Pick<Guarantee, 'prepare' | 'delivery'>
  readonly topics: TopicUse
  /** undefined: the broker creates topics */
  readonly creation: TopicCreation | undefined
  readonly metrics: SourceTaskMetrics
  readonly progress: TaskProgress
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
  #failing = false
  /** A pause was asked for and waits for the end of a unit, or has begun. */
  #ending = false
  #signal: { readonly of: AbortController; readonly signal: AbortSignal } | undefined

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
    if (!this.#gate.isOpen) {
      this.#options.progress.waits('resume')
      news.paused()
    }
    if (!(await this.#gate.opened(stop))) return
    this.#options.progress.waits('start')
    const { guarantee } = this.#options
    try {
      await guarantee.prepare(stop)
    } catch (error) {
      if (stop.aborted) return
      throw error
    }
    try {
      await task.start(props, context)
      if (!stop.aborted) news.started()
      await using delivery = guarantee.delivery()
      try {
        await this.#deliverAll(delivery, stop)
      } catch (error) {
        delivery.giveUp?.()
        throw error
      }
    } finally {
      // The last: what was delivered is committed by now.
      await task.stop().catch((error: unknown) => logger.warn('the task failed to stop', { error }))
    }
  }

  async #deliverAll(delivery: Delivery, stop: AbortSignal): Promise<void> {
    const { pipeline, topics, creation, progress } = this.#options
    // A batch polled before the stop is still sent, if there is room soon (Invariant 7).
    const drained = new AbortController()
    const onStop = (): void => void setTimeout(() => drained.abort(), this.#options.drainMs).unref()
    stop.addEventListener('abort', onStop, { once: true })
    const sending = anySignal(drained.signal, delivery.failed)
    try {
      while (await this.#mayPoll(stop, delivery, sending)) {
        const polled = await this.#poll(stop, delivery)
        delivery.throwIfFailed()
        if (polled.length > 0) {
          progress.read(polled.length)
          progress.waits('conversion')
          const batch = await pipeline.process(polled, stop)
          const unseen = topics.takeUnseen()
          if (unseen.length > 0 && creation !== undefined) {
            progress.waits('topic creation')
            await creation.ensure(unseen, stop)
          }
          progress.waits('producer room')
          await this.#send(delivery, () => delivery.send(batch, sending), sending)
        }
        const turn = this.#turns.due()
        if (turn !== undefined) await turn
      }
    } finally {
      stop.removeEventListener('abort', onStop)
    }
  }

  async #mayPoll(stop: AbortSignal, delivery: Delivery, sending: AbortSignal): Promise<boolean> {
    if (!this.#gate.isOpen && !stop.aborted) {
      this.#ending = true
      // Invariant 9: a pause falls between units.
      if ((await delivery.pausing?.()) === false) return !stop.aborted
      const { news, progress } = this.#options
      progress.waits('resume')
      news.paused()
      if (!(await this.#gate.opened(stop))) return false
      news.resumed()
    }
    if (this.#ending && !stop.aborted) {
      this.#ending = false
      await this.#send(delivery, () => delivery.resuming?.(sending), sending)
    }
    return !stop.aborted
  }

  async #poll(stop: AbortSignal, delivery: Delivery): Promise<readonly SourceRecord[]> {
    const signal = this.#pollSignal(stop, delivery)
    const { task, metrics, progress, logger } = this.#options
    const started = performance.now()
    // A poll that failed and is repeated is one wait, however often.
    if (!this.#failing) progress.waits('poll')
    delivery.polling?.()
    try {
      const records = await task.poll(signal)
      delivery.polled?.(records.length, signal.aborted)
      if (records.length > 0) metrics.polledBatch(records.length, performance.now() - started)
      this.#failing = false
      if (records.length > 0) this.#retry.reset()
      return records
    } catch (error) {
      if (signal.aborted && (error === signal.reason || (error as Error).name === 'AbortError')) {
        delivery.polled?.(0, true)
        return []
      }
      delivery.pollFailed?.()
      if (errorCode(error) !== 'RETRIABLE') throw error
      this.#failing = true
      progress.waits('back-off')
      logger.warn(`poll failed and will be tried again: ${errorLine(error)}`)
      await sleep(this.#retry.next(), signal)
      return []
    }
  }

  #pollSignal(stop: AbortSignal, { failed }: Delivery): AbortSignal {
    if (this.#ending) {
      const brief = new AbortController()
      setTimeout(() => brief.abort(), HOLD_MS).unref()
      return anySignal(stop, failed, brief.signal)
    }
    // One combined signal per running period, not per poll.
    if (this.#signal?.of !== this.#pausing)
      this.#signal = { of: this.#pausing, signal: anySignal(stop, failed, this.#pausing.signal) }
    return this.#signal.signal
  }

  async #send(delivery: Delivery, work: () => Promise<void> | undefined, signal: AbortSignal): Promise<void> {
    try {
      await work()
    } catch (error) {
      delivery.throwIfFailed()
      if (signal.aborted) return // stopping: what was not taken will be read again
      throw new ConnectError('records cannot be sent', { cause: error })
    }
  }
}
