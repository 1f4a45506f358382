/**
 * The rounds of a Kafka partition, a round being the objects that were closed together. They upload at the same time and may finish
 * in any order; an offset counts only when every round before it is in the store. Invariant 2.
 */
export class UploadRounds {
  readonly #rounds: { readonly endOffset: number; done: boolean }[] = []
  #durable: number | undefined
  #failure: unknown
  #settled = Promise.resolve()
  #stored = Promise.resolve()

  /** Offset after the last record of the finished prefix; undefined: no round has finished. */
  get durable(): number | undefined {
    return this.#durable
  }

  get pending(): number {
    return this.#rounds.length
  }

  /** Why a round cannot be uploaded; every later round waits behind it. */
  get failure(): unknown {
    return this.#failure
  }

  /** `endOffset`: after the last record seen, whether written or skipped. */
  add(endOffset: number, uploads: readonly Promise<void>[]): void {
    const round = { endOffset, done: false }
    this.#rounds.push(round)
    const finished = Promise.all(uploads).then(
      () => {
        round.done = true
        while (this.#rounds[0]?.done === true) this.#durable = this.#rounds.shift()?.endOffset
      },
      (error: unknown) => {
        this.#failure ??= error
      },
    )
    this.#stored = Promise.all([this.#stored, ...uploads]).then(() => undefined)
    this.#stored.catch(() => undefined) // it is the failure
    this.#settled = Promise.all([this.#settled, finished, Promise.allSettled(uploads)]).then(() => undefined)
  }

  /** Resolves when all rounds added so far are uploaded; rejects when one failed. */
  stored(): Promise<void> {
    return this.#stored
  }

  /** Resolves when all rounds added so far are uploaded or failed; never rejects. */
  settled(): Promise<void> {
    return this.#settled
  }
}
