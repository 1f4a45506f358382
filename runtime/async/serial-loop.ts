/**
 * Runs one job at a time: a poke while it runs makes it run once more afterwards. The loop of level-triggered work, where it
 * matters that the job sees the latest state and not how often it was told.
 */
export class SerialLoop implements AsyncDisposable {
  readonly #job: (signal: AbortSignal) => Promise<void>
  readonly #onError: (error: unknown) => void
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #poked = false

  constructor(options: {
    readonly job: (signal: AbortSignal) => Promise<void>
    readonly onError: (error: unknown) => void
  }) {
    this.#job = options.job
    this.#onError = options.onError
  }

  poke(): void {
    if (this.#closing.signal.aborted) return
    this.#poked = true
    this.#running ??= this.#run()
  }

  /** Resolves when no run is going on or wanted. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (this.#poked && !this.#closing.signal.aborted) {
        this.#poked = false
        try {
          await this.#job(this.#closing.signal)
        } catch (error) {
          this.#onError(error)
        }
      }
    } finally {
      this.#running = undefined
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.idle()
  }
}
