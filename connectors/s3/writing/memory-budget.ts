/** Bytes held by all open objects and uploads of a task, against its limit. */
export class MemoryBudget {
  readonly limit: number
  #used = 0
  readonly #waiters = new Set<() => void>()

  constructor(limit: number) {
    this.limit = limit
  }

  get used(): number {
    return this.#used
  }

  get exceeded(): boolean {
    return this.#used > this.limit
  }

  /** Negative to give back. */
  add(bytes: number): void {
    this.#used += bytes
    if (bytes >= 0 || this.#waiters.size === 0) return
    for (const wake of this.#waiters) wake()
    this.#waiters.clear()
  }

  /** Resolves when bytes were given back, or after `timeoutMs`. */
  async released(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeoutMs)
      this.#waiters.add(done)
      function done(): void {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
