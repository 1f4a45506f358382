import { performance } from 'node:perf_hooks'
import { setImmediate as immediate } from 'node:timers/promises'

/**
 * Keeps a loop of ready promises from starving timers and sockets: when the last turn of the event loop is longer ago than
 * `everyMs`, there is one to wait for.
 */
export class Turns {
  readonly #everyMs: number
  #last = performance.now()

  constructor(everyMs = 8) {
    this.#everyMs = everyMs
  }

  due(): Promise<void> | undefined {
    if (performance.now() - this.#last < this.#everyMs) return undefined
    return this.#turn()
  }

  async #turn(): Promise<void> {
    await immediate()
    this.#last = performance.now()
  }
}
