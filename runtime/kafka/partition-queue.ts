import { ProducerBatch } from './producer-batch.ts'
import type { BufferPool } from './records/buffer-pool.ts'

/** A batch begins with what the one before it needed, up to this: most partitions of a producer that is held up never fill a grown one. */
const FIRST_CAPACITY = 256 * 1024

/** The batches of one partition, oldest first; only the first may be in flight, so order needs no further care. */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly batches: ProducerBatch[] = []
  inFlight = false
  /** The broker that was sent to last. */
  sentTo: number | undefined
  /** The last transaction that it was added to. */
  transaction = 0
  /** Next idempotent sequence number. */
  sequence = 0
  /** Greatest batch in bytes; shrinks when the broker refuses one. */
  limit: number
  readonly #pool: BufferPool
  #lastLength = 0

  constructor(topic: string, partition: number, limit: number, pool: BufferPool) {
    this.#pool = pool
    this.topic = topic
    this.partition = partition
    this.limit = limit
  }

  get head(): ProducerBatch | undefined {
    return this.batches[0]
  }

  /** The batch that takes `size` more bytes: the last one while it is open and small enough, else a new one. */
  batchFor(size: number, batchSize: number, now: number): ProducerBatch {
    const last = this.batches.at(-1)
    if (last !== undefined && !last.closed && (last.length + size <= this.limit || last.count === 0)) return last
    const capacity = Math.max(
      1_024,
      Math.min(this.limit, Math.max(Math.min(this.#lastLength, FIRST_CAPACITY), Math.min(batchSize, 4_096), size + 64)),
    )
    const batch = new ProducerBatch(this.topic, this.partition, now, capacity, this.#pool)
    this.batches.push(batch)
    return batch
  }

  /** The first batch is done, one way or the other. */
  shift(): void {
    const batch = this.batches.shift()
    if (batch !== undefined) this.#lastLength = batch.length
    this.inFlight = false
  }
}
