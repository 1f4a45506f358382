/** When records of each task were seen, to tell for how long there were none. */
export class Flow {
  readonly #last = new Map<string, number>()
  readonly #longest = new Map<string, number>()

  saw(task: string): void {
    const now = performance.now()
    const since = this.#last.get(task)
    if (since !== undefined && now - since > (this.#longest.get(task) ?? 0)) this.#longest.set(task, now - since)
    this.#last.set(task, now)
  }

  /** Pauses before this moment are forgotten. */
  watch(): void {
    this.#longest.clear()
  }

  /** The longest pause of any of these tasks that ended since `watch`, in milliseconds. */
  longestPauseMs(tasks: readonly string[]): number {
    return Math.round(Math.max(0, ...tasks.map((task) => this.#longest.get(task) ?? 0)))
  }
}
