/** Events per second of a counter that only grows, over the last `windowMs` (Connect: metrics.sample.window.ms × samples). */
export class Rate {
  readonly #windowMs: number
  readonly #samples: { at: number; total: number }[] = []

  constructor(windowMs = 60_000) {
    this.#windowMs = windowMs
  }

  /** Tells the counter's value now (ms); answers the rate since the oldest value in the window. */
  at(now: number, total: number): number {
    const samples = this.#samples
    while (samples.length > 1 && now - samples[1]!.at >= this.#windowMs) samples.shift()
    samples.push({ at: now, total })
    const first = samples[0]!
    return now > first.at ? ((total - first.total) * 1000) / (now - first.at) : 0
  }
}
