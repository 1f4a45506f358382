/** Over which time averages, extremes and rates go: `metrics.sample.window.ms` times `metrics.num.samples`. */
export interface MetricWindow {
  readonly 'metrics.sample.window.ms': number
  readonly 'metrics.num.samples': number
}

export const DEFAULT_WINDOW: MetricWindow = { 'metrics.sample.window.ms': 30_000, 'metrics.num.samples': 2 }

interface Sample {
  readonly since: number
  sum: number
  count: number
  min: number
  max: number
}

export interface Summary {
  readonly count: number
  readonly avg: number
  readonly min: number
  readonly max: number
}

/**
 * Average, minimum and maximum of durations or sizes over the last windows, however often somebody looks (as org.apache.kafka.common.metrics.stats.SampledStat).
 * 0 while nothing was seen.
 */
export class WindowedStatistics {
  readonly #windowMs: number
  readonly #keptMs: number
  #samples: Sample[] = []

  constructor(window: MetricWindow = DEFAULT_WINDOW) {
    this.#windowMs = window['metrics.sample.window.ms']
    this.#keptMs = this.#windowMs * window['metrics.num.samples']
  }

  add(value: number, now = Date.now()): void {
    let sample = this.#samples.at(-1)
    if (sample === undefined || now - sample.since >= this.#windowMs) {
      this.#forget(now)
      sample = { since: now, sum: 0, count: 0, min: Infinity, max: -Infinity }
      this.#samples.push(sample)
    }
    sample.sum += value
    sample.count++
    if (value > sample.max) sample.max = value
    if (value < sample.min) sample.min = value
  }

  at(now: number): Summary {
    this.#forget(now)
    if (this.#samples.length === 0) return { count: 0, avg: 0, min: 0, max: 0 }
    let [sum, count, min, max] = [0, 0, Infinity, -Infinity]
    for (const sample of this.#samples) {
      sum += sample.sum
      count += sample.count
      min = Math.min(min, sample.min)
      max = Math.max(max, sample.max)
    }
    return { count, avg: sum / count, min, max }
  }

  /**
   * Events per second, and their sum per second. The time that has gone by is at least that of all windows but the last, lest a first event look
   * like a storm (as org.apache.kafka.common.metrics.stats.Rate).
   */
  rates(now: number): { readonly events: number; readonly sum: number } {
    const { count, avg } = this.at(now)
    if (count === 0) return { events: 0, sum: 0 }
    const elapsed = now - this.#samples[0]!.since
    const missing = Math.max(0, this.#keptMs / this.#windowMs - 1 - Math.floor(elapsed / this.#windowMs))
    const seconds = Math.max(1, elapsed + missing * this.#windowMs) / 1000
    return { events: count / seconds, sum: (avg * count) / seconds }
  }

  #forget(now: number): void {
    this.#samples = this.#samples.filter(({ since }) => now - since < this.#keptMs)
  }
}
