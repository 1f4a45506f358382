/** Sees whether a consumer polls often enough: at most `intervalMs` may lie between two polls (max.poll.interval.ms, KIP-62). */
export class PollWatch {
  readonly #intervalMs: number
  readonly #onExpired: () => void
  #timer: NodeJS.Timeout | undefined
  #polling = false
  #closed = false

  constructor(intervalMs: number, onExpired: () => void) {
    this.#intervalMs = intervalMs
    this.#onExpired = onExpired
  }

  /** While `poll` goes on, however long, nothing expires: one that waits for records is a poll. */
  async during<T>(poll: () => Promise<T>): Promise<T> {
    this.#polling = true
    try {
      return await poll()
    } finally {
      this.#polling = false
      this.#restart()
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #restart(): void {
    if (this.#closed) return
    if (this.#timer !== undefined) this.#timer.refresh()
    else {
      this.#timer = setTimeout(() => {
        if (!this.#polling) this.#onExpired()
      }, this.#intervalMs)
      this.#timer.unref()
    }
  }
}
