import { Deferred } from '../async/deferred.ts'
import type { ProducerBatch } from './producer-batch.ts'

/** Those who wait until the batches of a moment have left the producer, delivered or failed. */
export class Flushes {
  readonly #waiting = new Map<ProducerBatch, Deferred>()
  #running = 0

  /** Somebody waits: batches go out without lingering. */
  get running(): boolean {
    return this.#running > 0
  }

  /** Resolves when all of them have left. */
  async until(batches: Iterable<ProducerBatch>): Promise<void> {
    const left: Promise<void>[] = []
    for (const batch of batches) {
      let waiter = this.#waiting.get(batch)
      if (waiter === undefined) this.#waiting.set(batch, (waiter = new Deferred()))
      left.push(waiter.promise)
    }
    this.#running++
    try {
      await Promise.all(left)
    } finally {
      this.#running--
    }
  }

  left(batch: ProducerBatch): void {
    const waiter = this.#waiting.get(batch)
    if (waiter === undefined) return
    this.#waiting.delete(batch)
    waiter.resolve()
  }

  /** It was split. The parts go one after the other, so the last of them is enough to wait for. */
  split(batch: ProducerBatch, last: ProducerBatch): void {
    const waiter = this.#waiting.get(batch)
    if (waiter === undefined) return
    this.#waiting.delete(batch)
    this.#waiting.set(last, waiter)
  }
}
