import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import type { Logger } from '../api/logger.ts'

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
  #asking = false
  #notBefore = 0

  /** `onDone`: after each question, whatever the answer was. */
  constructor(options: {
    cluster: Metadata
    pause: { readonly initialMs: number; readonly maxMs: number }
    logger: Logger
    onDone: () => void
  }) {
    this.#cluster = options.cluster
    this.#pause = new Backoff(options.pause)
    this.#longestPauseMs = options.pause.maxMs
    this.#logger = options.logger
    this.#onDone = options.onDone
  }

  /** Nothing when a question is under way: who still has no answer asks again. */
  ask(topics: readonly string[]): void {
    if (!this.#asking) void this.#ask(topics)
  }

  async #ask(topics: readonly string[]): Promise<void> {
    this.#asking = true
    try {
      const wait = this.#notBefore - Date.now()
      if (wait > 0) await sleep(wait)
      else if (wait < -2 * this.#longestPauseMs) this.#pause.reset() // another trouble
      await this.#cluster.refresh(topics)
    } catch (error) {
      this.#logger.debug(`metadata: ${error instanceof Error ? error.message : String(error)}; trying again`)
    } finally {
      this.#notBefore = Date.now() + this.#pause.next()
      this.#asking = false
      this.#onDone()
    }
  }
}
