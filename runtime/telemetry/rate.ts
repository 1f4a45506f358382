import { DEFAULT_WINDOW } from './windowed-statistics.ts'
import type { MetricWindow } from './windowed-statistics.ts'

/** Events per second of a counter that only grows, over the last windows. */
export class Rate {
  readonly #windowMs: number
  readonly #samples: { at: number; total: number }[]

  /** The counter is 0 at `startedAt`, ms. */
  constructor(window: MetricWindow = DEFAULT_WINDOW, startedAt = Date.now()) {
    this.#samples = [{ at: startedAt, total: 0 }]
    this.#windowMs = window['metrics.sample.window.ms'] * window['metrics.num.samples']
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
