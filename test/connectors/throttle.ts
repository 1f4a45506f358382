import { setTimeout as wait } from 'node:timers/promises'

/** Sleeps that the signal ends early, without an error. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Until the signal aborts. */
export async function forever(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

/** Keeps a source at so many records per second from its start on; negative: as fast as it can. */
export class Throttle {
  readonly #perSecond: number
  readonly #started = Date.now()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** `sent`: records so far. */
  async turn(sent: number, signal: AbortSignal): Promise<void> {
    if (this.#perSecond < 0) {
      // Lets timers and sockets of the thread have their turn.
      await new Promise((resolve) => setImmediate(resolve))
      return
    }
    if (this.#perSecond === 0) return forever(signal)
    const ahead = (sent / this.#perSecond) * 1000 - (Date.now() - this.#started)
    await pause(Math.max(ahead, 1), signal)
  }
}
