/** Something the worker does that a request may have to wait for; in the words of Kafka Connect. */
interface Stage {
  readonly description: string
  readonly startedAt: number
}

/**
 * What the worker is doing, for those who waited for it in vain: a request that timed out and /health say it. Stages overlap where the
 * reference has one thread; the one that began last is told.
 */
export class Stages {
  readonly #current = new Set<Stage>()
  #completed: (Stage & { readonly completedAt: number }) | undefined

  async during<T>(description: string, work: () => Promise<T>): Promise<T> {
    const stage: Stage = { description, startedAt: Date.now() }
    this.#current.add(stage)
    try {
      return await work()
    } finally {
      this.#current.delete(stage)
      this.#completed = { ...stage, completedAt: Date.now() }
    }
  }

  /** A sentence, or undefined when there is nothing to tell yet. */
  summary(): string | undefined {
    const current = [...this.#current].at(-1)
    if (current !== undefined)
      return `The worker is currently ${current.description}, which began at ${iso(current.startedAt)}.`
    const last = this.#completed
    if (last === undefined) return undefined
    return (
      `The last operation the worker completed was ${last.description}, ` +
      `which began at ${iso(last.startedAt)} and completed at ${iso(last.completedAt)}.`
    )
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
