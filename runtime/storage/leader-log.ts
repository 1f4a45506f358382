import { ConnectError } from '../api/errors.ts'
import { anySignal } from '../async/abort.ts'
import type { TransactionalProducer } from '../kafka/transactional-producer.ts'
import type { LogEntry } from './log.ts'

/**
 * Writes to a log topic that only the leader may make: each in one transaction of a producer that all leaders share by its transactional id, so
 * that a worker which does not know yet that it has been deposed cannot write any more (KIP-618).
 */
export class LeaderLog implements AsyncDisposable {
  readonly #topic: string
  readonly #open: () => TransactionalProducer
  readonly #closing = new AbortController()
  #producer: TransactionalProducer | undefined
  /** One transaction at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: { readonly topic: string; readonly open: () => TransactionalProducer }) {
    this.#topic = options.topic
    this.#open = options.open
  }

  /** Fences all who wrote before. Nothing happens when this has done so and is not fenced itself. */
  async claim(signal?: AbortSignal): Promise<void> {
    await this.#alone(async () => void (await this.#claimed(anySignal(signal, this.#closing.signal))))
  }

  /** All entries or none. Rejects when a newer leader has claimed the log; the next append claims it again. */
  async append(entries: readonly LogEntry[], signal?: AbortSignal): Promise<void> {
    const topic = this.#topic
    const until = anySignal(signal, this.#closing.signal)
    await this.#alone(async () => {
      const producer = await this.#claimed(until)
      try {
        let failure: Error | undefined
        const listener = { delivered: () => undefined, failed: (_: unknown, error: Error) => (failure ??= error) }
        producer.begin()
        await producer.send(
          entries.map(({ key, value }) => ({ topic, key, value })),
          listener,
          until,
        )
        await producer.commit(until)
        if (failure !== undefined) throw failure
      } catch (error) {
        // Whatever happened, a new producer knows: it fences this one, and ends what it left open.
        this.#release()
        throw error
      }
    })
  }

  async #claimed(signal: AbortSignal): Promise<TransactionalProducer> {
    if (this.#producer !== undefined) return this.#producer
    const producer = this.#open()
    try {
      await producer.initTransactions(signal)
    } catch (error) {
      producer.abandon()
      throw error
    }
    this.#producer = producer
    return producer
  }

  /** This worker leads no more. */
  async resign(): Promise<void> {
    await this.#alone(async () => this.#release())
  }

  #release(): void {
    const producer = this.#producer
    this.#producer = undefined
    producer?.abandon()
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return await done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ConnectError(`the leader's log of topic ${this.#topic} is closed`))
    await this.#turn
    this.#release()
  }
}
