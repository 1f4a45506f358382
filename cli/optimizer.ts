import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'

const LOOK_MS = 2000
/** The share of its time from which on a thread has work that is worth being made faster. */
const BUSY = 0.75

/**
 * V8's optimizing compilers, which naru.mjs switches off where a worker starts: idle it has nothing to make faster, and they bring 10 MB with
 * them the first time that something runs often, were it the loading of modules. The interpreter and the baseline compiler remain. V8's flags are those
 * of the process, so there is one.
 */
export class Optimizer {
  readonly #look: NodeJS.Timeout
  #allowed = false

  /** Undefined: naru.mjs has left them on. */
  static switchedOff(): Optimizer | undefined {
    if (process.env['NARU_OPTIMIZER'] !== 'off') return undefined
    delete process.env['NARU_OPTIMIZER'] // child processes are there to work
    return new Optimizer()
  }

  /** They are off, until `allow` is called or this thread is busy for `lookMs`. */
  constructor(lookMs = LOOK_MS) {
    let before = performance.eventLoopUtilization()
    this.#look = setInterval(() => {
      const now = performance.eventLoopUtilization()
      if (performance.eventLoopUtilization(now, before).utilization > BUSY) this.allow()
      before = now
    }, lookMs)
    this.#look.unref()
  }

  /** Before there is a thread: what V8 sets up for one follows the flags of that moment, as does the part of the compile cache that it may use. */
  allow(): void {
    if (this.#allowed) return
    this.#allowed = true
    clearInterval(this.#look)
    setFlagsFromString('--maglev')
    setFlagsFromString('--turbofan')
  }
}
