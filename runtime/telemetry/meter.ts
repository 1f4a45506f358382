import { WindowedStatistics } from './windowed-statistics.ts'
import type { MetricWindow, Summary } from './windowed-statistics.ts'

/** Events that have a size or a duration: how many and how much since the start, and how it is going now. */
export class Meter {
  readonly #recent: WindowedStatistics
  #events = 0
  #sum = 0

  constructor(window?: MetricWindow) {
    this.#recent = new WindowedStatistics(window)
  }

  get events(): number {
    return this.#events
  }

  get sum(): number {
    return this.#sum
  }

  record(value = 1, now = Date.now()): void {
    this.#events++
    this.#sum += value
    this.#recent.add(value, now)
  }

  /** Of the values within the windows; 0 while there are none. */
  recent(now: number): Summary {
    return this.#recent.at(now)
  }

  /** Events, and what they sum up to, per second. */
  rates(now: number): { readonly events: number; readonly sum: number } {
    return this.#recent.rates(now)
  }
}
