/** Something with bytes to hand to the operating system. */
export interface Flushable {
  /** Never throws: a failed target remembers that itself. */
  flush(): void
}

/**
 * Gathers the writes of one turn of the event loop: what several requests appended becomes one write per file,
 * and they share one promise.
 */
export class WriteTurn {
  readonly #dirty = new Set<Flushable>()
  #turn: Promise<void> | undefined

  /** Resolves when everything appended to `target` so far was written. */
  written(target: Flushable): Promise<void> {
    this.#dirty.add(target)
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.flush()
        resolve()
      })
    })
    return this.#turn
  }

  flush(): void {
    this.#turn = undefined
    const targets = [...this.#dirty]
    this.#dirty.clear()
    for (const target of targets) target.flush()
  }
}
