import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import type { Logger } from '../api/logger.ts'

/** While others wait for longer after each failure (retry.backoff.max.ms), an election is over from one moment to the next. */
const LONGEST_PAUSE_MS = 400

interface Metadata {
  refresh(topics: readonly string[]): Promise<unknown>
}

/** Looks up who leads partitions now: one question at a time, with pauses in between that grow while it is asked on and on. */
export class LeaderRefresh {
  readonly #cluster: Metadata
  readonly #pause: Backoff
  readonly #longestPauseMs: number
  readonly #logger: Logger
  readonly #onDone: () => void
  /** Topics of the next question. */
  readonly #wanted = new Set<string>()
  #question: 'none' | 'waits' | 'sent' = 'none'
  #notBefore = 0

  /** `onDone`: after each question, whatever the answer was. */
  constructor(options: {
    cluster: Metadata
    pause: { readonly initialMs: number; readonly maxMs: number }
    logger: Logger
    onDone: () => void
  }) {
    this.#cluster = options.cluster
    this.#longestPauseMs = Math.min(LONGEST_PAUSE_MS, options.pause.maxMs)
    this.#pause = new Backoff({ initialMs: options.pause.initialMs, maxMs: this.#longestPauseMs })
    this.#logger = options.logger
    this.#onDone = options.onDone
  }

  /** All topics that are named before a question is sent, in one. While it is under way nothing is noted: who has no answer then asks again. */
  ask(topics: readonly string[]): void {
    if (this.#question === 'sent') return
    for (const topic of topics) this.#wanted.add(topic)
    if (this.#question === 'none') void this.#ask()
  }

  async #ask(): Promise<void> {
    this.#question = 'waits'
    try {
      const wait = this.#notBefore - Date.now()
      if (wait > 0) await sleep(wait)
      else if (wait < -2 * this.#longestPauseMs) this.#pause.reset() // another trouble
      this.#question = 'sent'
      await this.#cluster.refresh([...this.#wanted])
    } catch (error) {
      this.#logger.debug(`metadata: ${error instanceof Error ? error.message : String(error)}; trying again`)
    } finally {
      this.#notBefore = Date.now() + this.#pause.next()
      this.#question = 'none'
      this.#wanted.clear()
      this.#onDone()
    }
  }
}
