import { setTimeout as delay } from 'node:timers/promises'

const EVERY_MS = 100

/** Asks every worker again and again, and keeps what was not answered with 2xx. */
export class RestWatch implements AsyncDisposable {
  answers = 0
  slowestMs = 0
  readonly refusals: string[] = []
  readonly #closing = new AbortController()
  readonly #asking: Promise<unknown>

  constructor(urls: readonly string[], paths: readonly string[]) {
    this.#asking = Promise.all(urls.map((url) => this.#ask(url, paths)))
  }

  /** Answers before this moment are forgotten, refusals are not. */
  watch(): void {
    this.answers = 0
    this.slowestMs = 0
  }

  async #ask(url: string, paths: readonly string[]): Promise<void> {
    for (let i = 0; !this.#closing.signal.aborted; i++) {
      const path = paths[i % paths.length]!
      const started = performance.now()
      try {
        const response = await fetch(url + path)
        await response.arrayBuffer()
        this.answers++
        this.slowestMs = Math.max(this.slowestMs, Math.round(performance.now() - started))
        if (!response.ok) this.refusals.push(`${response.status} ${url}${path}`)
      } catch (error) {
        this.refusals.push(`${String(error)} ${url}${path}`)
      }
      await delay(EVERY_MS)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#asking
  }
}
