/** What the coordinator decides, without time, files or sockets. Source: KIP-98, KIP-360, Kafka's TransactionCoordinator. */
import { ErrorCode } from 'naru/protocol'

import { MAX_EPOCH, newTransaction, NO_EPOCH, NOTHING } from './transaction.ts'
import type { ProducerIdentity, Transaction } from './transaction.ts'

export interface InitRequest {
  readonly transactionalId: string
  readonly timeoutMs: number
  /** What the producer believes to be, when it goes on after an error (KIP-360). */
  readonly expected: ProducerIdentity | undefined
}

export interface Refused {
  readonly kind: 'refused'
  readonly errorCode: ErrorCode
}

/** The transaction as it is when the request is fulfilled. */
export interface Changed {
  readonly kind: 'changed'
  readonly next: Transaction
}

/** The transaction is that already. */
export interface Unchanged {
  readonly kind: 'unchanged'
}

export type InitDecision =
  | Refused
  | Changed
  /** A transaction is open: it is aborted under the epoch of `fenced`; then ask again. */
  | { readonly kind: 'abort-first'; readonly fenced: Transaction }

export function decideInit(
  known: Transaction | undefined,
  request: InitRequest,
  newProducerId: () => number,
  now: number,
): InitDecision {
  const { transactionalId, timeoutMs, expected } = request
  const current = known ?? newTransaction(transactionalId, newProducerId(), now)
  if (expected !== undefined && !mayBe(expected, current)) return refused(ErrorCode.PRODUCER_FENCED)
  switch (current.state) {
    case 'PrepareCommit':
    case 'PrepareAbort':
      return refused(ErrorCode.CONCURRENT_TRANSACTIONS)
    case 'Ongoing':
      return expected !== undefined && expected.producerEpoch !== current.producerEpoch
        ? refused(ErrorCode.PRODUCER_FENCED)
        : { kind: 'abort-first', fenced: takenOver(current, expected) }
    case 'Empty':
    case 'CompleteCommit':
    case 'CompleteAbort': {
      const identity = nextIdentity(current, expected, newProducerId)
      if (identity === undefined) return refused(ErrorCode.PRODUCER_FENCED)
      const clean = { state: 'Empty', partitions: NOTHING, groups: NOTHING, startedAt: -1 } as const
      return { kind: 'changed', next: { ...current, ...identity, ...clean, timeoutMs, updatedAt: now } }
    }
  }
}

/** The same with the next epoch: whoever has the present one is refused from now on. */
export function fenced(current: Transaction): Transaction {
  return { ...current, producerEpoch: Math.min(current.producerEpoch + 1, MAX_EPOCH), lastProducerEpoch: NO_EPOCH }
}

/** To a producer that aborts its own in this way the new epoch is given; to another, one that no marker has. */
function takenOver(current: Transaction, expected: ProducerIdentity | undefined): Transaction {
  const next = fenced(current)
  return expected === undefined ? next : { ...next, lastProducerEpoch: current.producerEpoch }
}

/** Before partitions, or the offsets of a group, become part of the transaction. */
export function decideAdd(
  current: Transaction | undefined,
  producer: ProducerIdentity,
  added: { readonly partitions?: readonly string[]; readonly groups?: readonly string[] },
  now: number,
): Refused | Changed | Unchanged {
  const problem = identityProblem(current, producer)
  if (problem !== undefined) return refused(problem)
  const { partitions = [], groups = [] } = added
  switch (current!.state) {
    case 'PrepareCommit':
    case 'PrepareAbort':
      return refused(ErrorCode.CONCURRENT_TRANSACTIONS)
    case 'Ongoing': {
      const { partitions: known, groups: knownGroups } = current!
      if (partitions.every((key) => known.has(key)) && groups.every((group) => knownGroups.has(group))) {
        return { kind: 'unchanged' }
      }
      const grown = { partitions: new Set([...known, ...partitions]), groups: new Set([...knownGroups, ...groups]) }
      return { kind: 'changed', next: { ...current!, ...grown, updatedAt: now } }
    }
    case 'Empty':
    case 'CompleteCommit':
    case 'CompleteAbort': {
      const begun = { partitions: new Set(partitions), groups: new Set(groups), startedAt: now, updatedAt: now }
      return { kind: 'changed', next: { ...current!, ...begun, state: 'Ongoing' } }
    }
  }
}

/** `unchanged`: the answer to an earlier try was lost. */
export function decideEnd(
  current: Transaction | undefined,
  producer: ProducerIdentity,
  committed: boolean,
  now: number,
): Refused | Changed | Unchanged {
  const problem = identityProblem(current, producer)
  if (problem !== undefined) return refused(problem)
  switch (current!.state) {
    case 'Ongoing':
      return { kind: 'changed', next: prepared(current!, committed, now) }
    case 'CompleteCommit':
      return committed ? { kind: 'unchanged' } : refused(ErrorCode.INVALID_TXN_STATE)
    case 'CompleteAbort':
      return committed ? refused(ErrorCode.INVALID_TXN_STATE) : { kind: 'unchanged' }
    case 'PrepareCommit':
      return refused(committed ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.INVALID_TXN_STATE)
    case 'PrepareAbort':
      return refused(committed ? ErrorCode.INVALID_TXN_STATE : ErrorCode.CONCURRENT_TRANSACTIONS)
    case 'Empty':
      return refused(ErrorCode.INVALID_TXN_STATE)
  }
}

export function prepared(current: Transaction, committed: boolean, now: number): Transaction {
  return { ...current, state: committed ? 'PrepareCommit' : 'PrepareAbort', updatedAt: now }
}

/** After the markers are written. */
export function completed(current: Transaction, now: number): Transaction {
  const state = current.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort'
  return { ...current, state, partitions: NOTHING, groups: NOTHING, startedAt: -1, updatedAt: now }
}

/** May this producer write in the transaction, to what `contains` looks for? */
export function writeProblem(
  current: Transaction | undefined,
  producer: ProducerIdentity,
  contains: (current: Transaction) => boolean,
): ErrorCode | undefined {
  const problem = identityProblem(current, producer)
  // To producers of records, and of offsets, a newer epoch is told by this older code (KIP-588).
  if (problem === ErrorCode.PRODUCER_FENCED) return ErrorCode.INVALID_PRODUCER_EPOCH
  if (problem !== undefined) return problem
  return current!.state === 'Ongoing' && contains(current!) ? undefined : ErrorCode.INVALID_TXN_STATE
}

function identityProblem(current: Transaction | undefined, producer: ProducerIdentity): ErrorCode | undefined {
  if (current === undefined || current.producerId !== producer.producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING
  return current.producerEpoch === producer.producerEpoch ? undefined : ErrorCode.PRODUCER_FENCED
}

/** Is it, or was it until its epochs were used up, the producer of this transactional id? */
function mayBe(expected: ProducerIdentity, current: Transaction): boolean {
  if (current.producerEpoch === NO_EPOCH || expected.producerId === current.producerId) return true
  return expected.producerId === current.previousProducerId && isUsedUp(expected.producerEpoch)
}

type Identity = Pick<Transaction, 'producerId' | 'producerEpoch' | 'lastProducerEpoch' | 'previousProducerId'>

/** Undefined: a newer producer has taken over. */
function nextIdentity(
  current: Transaction,
  expected: ProducerIdentity | undefined,
  newProducerId: () => number,
): Identity | undefined {
  const { producerId, producerEpoch, lastProducerEpoch, previousProducerId } = current
  const asked = expected?.producerEpoch
  const isCurrent = asked === undefined || producerEpoch === NO_EPOCH || asked === producerEpoch
  const last = asked === undefined ? NO_EPOCH : producerEpoch
  if (isCurrent && isUsedUp(producerEpoch)) {
    const fresh = { producerId: newProducerId(), producerEpoch: 0 }
    return { ...fresh, lastProducerEpoch: last, previousProducerId: producerId }
  }
  if (isCurrent) return { producerId, producerEpoch: producerEpoch + 1, lastProducerEpoch: last, previousProducerId }
  if (asked !== lastProducerEpoch) return undefined
  // The answer to an earlier try was lost, or its transaction was aborted first.
  if (producerEpoch < MAX_EPOCH) return { producerId, producerEpoch, lastProducerEpoch, previousProducerId }
  return { producerId: newProducerId(), producerEpoch: 0, lastProducerEpoch, previousProducerId: producerId }
}

function isUsedUp(epoch: number): boolean {
  return epoch >= MAX_EPOCH - 1
}

function refused(errorCode: ErrorCode): Refused {
  return { kind: 'refused', errorCode }
}
