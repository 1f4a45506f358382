/**
 * What the last batches of each idempotent producer were, per partition: finds duplicates and gaps (KIP-98).
 * Five batches are kept because a producer may have five requests in flight.
 */
import type { BatchHeader } from './batch-header.ts'

const KEPT_BATCHES = 5
const MAX_SEQUENCE = 0x7fffffff

interface ProducedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly timestamp: number
}

interface ProducerEntry {
  epoch: number
  /** Broker or record time of its last batch; silent producers are forgotten. */
  lastSeen: number
  batches: ProducedBatch[]
  /** Of the last marker; absent before the first, and in the files of older versions. */
  coordinatorEpoch?: number
}

export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1: none under this epoch. */
  readonly lastSequence: number
  readonly lastTimestamp: number
  /** Of the last marker; -1: none so far. */
  readonly coordinatorEpoch: number
}

export type SequenceCheck =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly timestamp: number }
  | { readonly kind: 'out-of-order'; readonly expected: number }
  | { readonly kind: 'old-epoch'; readonly epoch: number }

/** The header and content of a marker that someone beside the coordinator wants written. */
export interface ProposedMarker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  /** From 2 on each end of a transaction has an epoch of its own (KIP-890). */
  readonly transactionVersion: number
}

export type MarkerCheck = 'accepted' | 'old-epoch' | 'old-coordinator'

const EPOCH_PER_TRANSACTION_FROM = 2

export type ProducerSnapshot = readonly (readonly [producerId: number, entry: ProducerEntry])[]

export class ProducerStates {
  readonly #entries = new Map<number, ProducerEntry>()

  get size(): number {
    return this.#entries.size
  }

  check(header: BatchHeader): SequenceCheck {
    const entry = this.#entries.get(header.producerId)
    // An unknown producer may start anywhere: its earlier records may have gone by retention.
    if (entry === undefined) return { kind: 'accepted' }
    if (header.producerEpoch < entry.epoch) return { kind: 'old-epoch', epoch: entry.epoch }
    if (header.producerEpoch > entry.epoch) {
      return header.baseSequence === 0 ? { kind: 'accepted' } : { kind: 'out-of-order', expected: 0 }
    }
    const lastSequence = lastSequenceOf(header)
    const known = entry.batches.find((b) => b.firstSequence === header.baseSequence && b.lastSequence === lastSequence)
    if (known !== undefined) return { kind: 'duplicate', baseOffset: known.baseOffset, timestamp: known.timestamp }
    const previous = entry.batches.at(-1)
    if (previous === undefined) return { kind: 'accepted' }
    const expected = previous.lastSequence === MAX_SEQUENCE ? 0 : previous.lastSequence + 1
    return header.baseSequence === expected ? { kind: 'accepted' } : { kind: 'out-of-order', expected }
  }

  record(header: BatchHeader, baseOffset: number, now: number): void {
    const batch: ProducedBatch = {
      firstSequence: header.baseSequence,
      lastSequence: lastSequenceOf(header),
      baseOffset,
      timestamp: header.maxTimestamp,
    }
    const entry = this.#entries.get(header.producerId)
    if (entry === undefined) {
      this.#entries.set(header.producerId, { epoch: header.producerEpoch, lastSeen: now, batches: [batch] })
      return
    }
    entry.lastSeen = now
    if (entry.epoch !== header.producerEpoch) {
      entry.epoch = header.producerEpoch
      entry.batches = [batch]
      return
    }
    entry.batches.push(batch)
    if (entry.batches.length > KEPT_BATCHES) entry.batches.shift()
  }

  /** A marker ended a transaction. One with a newer epoch fences: the coordinator aborted for a producer that is no more. */
  ended(producerId: number, epoch: number, coordinatorEpoch: number, now: number): void {
    const entry = this.#entries.get(producerId)
    if (entry === undefined || entry.epoch < epoch) {
      this.#entries.set(producerId, { epoch, lastSeen: now, batches: [], coordinatorEpoch })
      return
    }
    entry.lastSeen = now
    entry.coordinatorEpoch = coordinatorEpoch
  }

  /** Whether a marker may be written that is not of this broker's own coordinator. Source: Kafka's ProducerAppendInfo. */
  checkMarker({ producerId, producerEpoch, coordinatorEpoch, transactionVersion }: ProposedMarker): MarkerCheck {
    const entry = this.#entries.get(producerId)
    if (entry === undefined) return 'accepted'
    const lowest = transactionVersion >= EPOCH_PER_TRANSACTION_FROM ? entry.epoch + 1 : entry.epoch
    if (producerEpoch < lowest) return 'old-epoch'
    return coordinatorEpoch < (entry.coordinatorEpoch ?? -1) ? 'old-coordinator' : 'accepted'
  }

  /** Forgets producers silent since before `deadline` (`producer.id.expiration.ms`). */
  expire(deadline: number): void {
    for (const [id, entry] of this.#entries) if (entry.lastSeen < deadline) this.#entries.delete(id)
  }

  /** Those that are not forgotten, with what they wrote last. */
  active(): readonly ActiveProducer[] {
    return [...this.#entries].map(([producerId, { epoch, lastSeen, batches, coordinatorEpoch = -1 }]) => ({
      producerId,
      producerEpoch: epoch,
      lastSequence: batches.at(-1)?.lastSequence ?? -1,
      lastTimestamp: lastSeen,
      coordinatorEpoch,
    }))
  }

  snapshot(): ProducerSnapshot {
    return [...this.#entries]
  }

  static restore(snapshot: ProducerSnapshot): ProducerStates {
    const states = new ProducerStates()
    for (const [id, entry] of snapshot) states.#entries.set(id, { ...entry, batches: [...entry.batches] })
    return states
  }
}

/** Sequences wrap to 0 after 2^31 - 1. */
function lastSequenceOf(header: BatchHeader): number {
  return (header.baseSequence + header.count - 1) % (MAX_SEQUENCE + 1)
}
