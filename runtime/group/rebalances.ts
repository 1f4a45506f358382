import { WindowedStatistics } from '../telemetry/windowed-statistics.ts'
import type { MetricWindow, Summary } from '../telemetry/windowed-statistics.ts'

/** How often and for how long this worker took part in rebalances. */
export class Rebalances {
  completed = 0
  readonly #times: WindowedStatistics
  #startedAt: number | undefined
  #endedAt: number | undefined

  constructor(window?: MetricWindow) {
    this.#times = new WindowedStatistics(window)
  }

  started(now = Date.now()): void {
    this.#startedAt ??= now
  }

  /** A generation has told this worker what to run. */
  succeeded(now = Date.now()): void {
    this.completed++
    this.#times.add(now - (this.#startedAt ?? now), now)
    this.#startedAt = undefined
    this.#endedAt = now
  }

  /** In ms, of those within the windows. */
  times(now: number): Summary {
    return this.#times.at(now)
  }

  /** ms; infinite before the first. */
  sinceLast(now: number): number {
    return this.#endedAt === undefined ? Infinity : now - this.#endedAt
  }
}
