import { performance } from 'node:perf_hooks'
import { Rate } from './rate.ts'
import type { MetricWindow } from './windowed-statistics.ts'

const NS_PER_MS = 1e6

/** How often this thread's event loop has looked for something to do, and how it spent its time. */
export class EventLoop {
  readonly #rounds: Rate
  readonly #active: Rate
  readonly #idle: Rate
  readonly #start = totals()

  constructor(window?: MetricWindow) {
    this.#rounds = new Rate(window)
    this.#active = new Rate(window)
    this.#idle = new Rate(window)
  }

  /** Since this was made; times in ns. Rates per second since the oldest look within the windows. */
  at(now: number): {
    readonly rounds: number
    readonly activeNs: number
    readonly idleNs: number
    readonly rates: { readonly rounds: number; readonly activeNs: number; readonly idleNs: number }
  } {
    const total = totals()
    const rounds = total.rounds - this.#start.rounds
    const activeNs = total.activeNs - this.#start.activeNs
    const idleNs = total.idleNs - this.#start.idleNs
    return {
      ...{ rounds, activeNs, idleNs },
      rates: {
        rounds: this.#rounds.at(now, rounds),
        activeNs: this.#active.at(now, activeNs),
        idleNs: this.#idle.at(now, idleNs),
      },
    }
  }
}

function totals(): { readonly rounds: number; readonly activeNs: number; readonly idleNs: number } {
  const { idle, active } = performance.eventLoopUtilization()
  return {
    rounds: performance.nodeTiming.uvMetricsInfo.loopCount,
    activeNs: active * NS_PER_MS,
    idleNs: idle * NS_PER_MS,
  }
}
