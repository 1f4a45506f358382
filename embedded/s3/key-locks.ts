/** One writer per key at a time: a condition and the rename that depends on it must not be torn apart. */
export class KeyLocks {
  readonly #tails = new Map<string, Promise<unknown>>()

  async run<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const mine = before.then(job, job)
    // the chain must go on after a failure; the failure itself goes to the caller
    const tail = mine.then(
      () => undefined,
      () => undefined,
    )
    this.#tails.set(key, tail)
    try {
      return await mine
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }
}
