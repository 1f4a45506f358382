/**
 * A transactional id and its transaction, as the coordinator stores it. States and moves are those of Kafka (KIP-98):
 *
 *            add                end: commit                markers written
 *   Empty ────────► Ongoing ───────────────► PrepareCommit ───────────────► CompleteCommit ─┐
 *     ▲                ▲  │     end: abort, timeout, a new producer                           │
 *     │ init           │  └───────────────► PrepareAbort ────────────────► CompleteAbort ────┤
 *     └────────────────┼──────────────────────────────────────────────────────────────────────┤
 *                      └──────────────────────────────── add ─────────────────────────────────┘
 */
export type TransactionState =
  'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort'

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface Transaction extends ProducerIdentity {
  readonly transactionalId: string
  /** -1 until the first producer was told. */
  readonly producerEpoch: number
  /** The epoch before the present one, where the producer itself asked for the bump (KIP-360); else -1. */
  readonly lastProducerEpoch: number
  /** The id whose epochs were used up; else -1. */
  readonly previousProducerId: number
  readonly timeoutMs: number
  readonly state: TransactionState
  /** `TOPIC/PARTITION`, see partitionKey(). */
  readonly partitions: ReadonlySet<string>
  /** Groups whose offsets are part of it. */
  readonly groups: ReadonlySet<string>
  /** Milliseconds since the epoch; -1 outside a transaction. */
  readonly startedAt: number
  readonly updatedAt: number
}

/** Producer epochs are int16, and the last one is kept for fencing. */
export const MAX_EPOCH = 0x7fff
export const NO_EPOCH = -1

export function newTransaction(transactionalId: string, producerId: number, now: number): Transaction {
  return {
    ...{ transactionalId, producerId, producerEpoch: NO_EPOCH, lastProducerEpoch: NO_EPOCH, previousProducerId: -1 },
    ...{ timeoutMs: 0, state: 'Empty', partitions: NOTHING, groups: NOTHING, startedAt: -1, updatedAt: now },
  }
}

/** Topic names hold no slash. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

export function topicPartitionOf(key: string): { readonly topic: string; readonly partition: number } {
  const slash = key.lastIndexOf('/')
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}

export const NOTHING: ReadonlySet<string> = new Set()
