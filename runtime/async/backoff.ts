/** Delays that double up to a limit. `jitter` 0.2 spreads each by up to 20 % either way. */
export class Backoff {
  readonly #initialMs: number
  readonly #maxMs: number
  readonly #jitter: number
  #attempt = 0

  constructor(options: { readonly initialMs: number; readonly maxMs: number; readonly jitter?: number }) {
    this.#initialMs = options.initialMs
    this.#maxMs = options.maxMs
    this.#jitter = options.jitter ?? 0.2
  }

  next(): number {
    const plain = Math.min(this.#maxMs, this.#initialMs * 2 ** Math.min(this.#attempt++, 40))
    return Math.round(plain * (1 + this.#jitter * (Math.random() * 2 - 1)))
  }

  reset(): void {
    this.#attempt = 0
  }
}
