import type { ProtocolName } from './connect-protocol.ts'

/** A cooperative worker tries so often, in shrinking parts of the rebalance delay, before it gives its work up. */
const RETRIES = 5

/**
 * How long a worker that could not read the config log in time stays out of the group, as Kafka Connect's DistributedHerder.backoff: eager,
 * `worker.unsync.backoff.ms`; cooperative, delay/10/5, delay/10/4, … of `scheduled.rebalance.max.delay.ms`, all within the time for which lost work
 * waits for its worker, so that it keeps running meanwhile. Unlike there, nothing runs on when no such time is granted (delay 0): others have it then.
 */
export class UnsyncBackoff {
  readonly #unsyncBackoffMs: number
  readonly #maxDelayMs: number
  #retriesLeft = RETRIES

  constructor(options: { readonly unsyncBackoffMs: number; readonly maxDelayMs: number }) {
    this.#unsyncBackoffMs = options.unsyncBackoffMs
    this.#maxDelayMs = options.maxDelayMs
  }

  next(protocol: ProtocolName): { readonly delayMs: number; readonly keepWork: boolean } {
    if (protocol === 'default') return { delayMs: this.#unsyncBackoffMs, keepWork: false }
    if (this.#retriesLeft === 0) {
      this.#retriesLeft = RETRIES
      return { delayMs: 0, keepWork: false }
    }
    const delayMs = Math.floor(this.#maxDelayMs / 10 / this.#retriesLeft--)
    return { delayMs, keepWork: delayMs > 0 }
  }

  reset(): void {
    this.#retriesLeft = RETRIES
  }
}
