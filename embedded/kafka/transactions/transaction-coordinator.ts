/**
 * Carries out what transaction-rules.ts decides. A decision to commit or abort is in the journal before the first marker is written,
 * so that a start after a kill ends it the same way; the producer is answered when the markers are written too, and may begin its
 * next transaction at once.
 */
import { ErrorCode } from 'naru/protocol'

import type { Logger } from 'naru/api'

import type { CommittedOffsets } from '../groups/committed-offsets.ts'
import { markerBatch } from '../log/control-batch.ts'
import type { Marker } from '../log/control-batch.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { WriteTurn } from '../log/write-turn.ts'
import { ProtocolError } from '../protocol-error.ts'
import type { BrokerSettings } from '../store/broker-settings.ts'
import type { Topics } from '../store/topics.ts'
import { partitionKey, topicPartitionOf } from './transaction.ts'
import type { ProducerIdentity, Transaction } from './transaction.ts'
import { completed, decideAdd, decideEnd, decideInit, fenced, prepared, writeProblem } from './transaction-rules.ts'
import type { InitRequest } from './transaction-rules.ts'
import type { TransactionStore } from './transaction-store.ts'

export interface TransactionCoordinatorOptions {
  readonly store: TransactionStore
  readonly settings: BrokerSettings
  readonly topics: Topics
  readonly offsets: CommittedOffsets
  readonly writes: WriteTurn
  readonly newProducerId: () => number
  readonly logger: Logger
}

export interface InitResult extends ProducerIdentity {
  readonly errorCode: ErrorCode
}

/** Between two tries to write markers that could not be written. */
const RETRY_MS = 200

export class TransactionCoordinator {
  readonly #options: TransactionCoordinatorOptions
  readonly #retries = new Set<NodeJS.Timeout>()
  #alarm: NodeJS.Timeout | undefined
  #alarmAt = Infinity
  #closed = false

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options
    for (const transaction of options.store.all()) {
      if (isPrepared(transaction)) void this.#complete(transaction.transactionalId)
    }
    this.#watch()
  }

  all(): readonly Transaction[] {
    return this.#options.store.all()
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#options.store.get(transactionalId)
  }

  async initProducerId(request: InitRequest): Promise<InitResult> {
    const { store, settings, newProducerId } = this.#options
    if (request.transactionalId === '') return failedInit(ErrorCode.INVALID_REQUEST)
    if (request.timeoutMs <= 0 || request.timeoutMs > settings.number('transaction.max.timeout.ms')) {
      return failedInit(ErrorCode.INVALID_TRANSACTION_TIMEOUT)
    }
    const decide = (asked: InitRequest) => decideInit(this.get(asked.transactionalId), asked, newProducerId, Date.now())
    let decision = decide(request)
    if (decision.kind === 'abort-first') {
      const problem = await this.#finish(prepared(decision.fenced, false, Date.now()))
      if (problem !== ErrorCode.NONE) return failedInit(problem)
      decision = decide(request)
    }
    if (decision.kind !== 'changed') {
      return failedInit(decision.kind === 'refused' ? decision.errorCode : ErrorCode.CONCURRENT_TRANSACTIONS)
    }
    const { next } = decision
    store.set(next)
    const { producerId, producerEpoch } = next
    return (await this.#isStored())
      ? { errorCode: ErrorCode.NONE, producerId, producerEpoch }
      : failedInit(ErrorCode.COORDINATOR_NOT_AVAILABLE)
  }

  addPartitions(
    transactionalId: string,
    producer: ProducerIdentity,
    partitions: readonly string[],
  ): Promise<ErrorCode> {
    return this.#add(transactionalId, producer, { partitions })
  }

  addOffsets(transactionalId: string, producer: ProducerIdentity, groupId: string): Promise<ErrorCode> {
    return this.#add(transactionalId, producer, { groups: [groupId] })
  }

  /** Resolves when the decision and all its markers are written. */
  async end(transactionalId: string, producer: ProducerIdentity, committed: boolean): Promise<ErrorCode> {
    const decision = decideEnd(this.get(transactionalId), producer, committed, Date.now())
    switch (decision.kind) {
      case 'refused':
        return decision.errorCode
      case 'unchanged':
        return (await this.#isStored()) ? ErrorCode.NONE : ErrorCode.COORDINATOR_NOT_AVAILABLE
      case 'changed':
        return await this.#finish(decision.next)
    }
  }

  /** Undefined: the producer may write to this partition. */
  produceProblem(
    transactionalId: string,
    producer: ProducerIdentity,
    topic: string,
    partition: number,
  ): ErrorCode | undefined {
    const key = partitionKey(topic, partition)
    return writeProblem(this.get(transactionalId), producer, ({ partitions }) => partitions.has(key))
  }

  /** Undefined: the producer may commit offsets of this group. */
  offsetsProblem(transactionalId: string, producer: ProducerIdentity, groupId: string): ErrorCode | undefined {
    return writeProblem(this.get(transactionalId), producer, ({ groups }) => groups.has(groupId))
  }

  /** Forgets ids that nobody used since before `deadline` (`transactional.id.expiration.ms`). */
  expire(deadline: number): void {
    const { store, writes } = this.#options
    for (const { transactionalId, state, updatedAt } of store.all()) {
      const idle = state === 'Empty' || state === 'CompleteCommit' || state === 'CompleteAbort'
      if (idle && updatedAt < deadline) store.delete(transactionalId)
    }
    void writes.written(store)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#alarm)
    for (const retry of this.#retries) clearTimeout(retry)
    this.#options.store.close()
  }

  async #add(
    transactionalId: string,
    producer: ProducerIdentity,
    added: { readonly partitions?: readonly string[]; readonly groups?: readonly string[] },
  ): Promise<ErrorCode> {
    const decision = decideAdd(this.get(transactionalId), producer, added, Date.now())
    if (decision.kind === 'refused') return decision.errorCode
    if (decision.kind === 'changed') {
      this.#options.store.set(decision.next)
      this.#watchFor(decision.next)
    }
    return (await this.#isStored()) ? ErrorCode.NONE : ErrorCode.COORDINATOR_NOT_AVAILABLE
  }

  /** Stores the decision, then acts on it. What cannot be written now is tried again; the decision stands. */
  async #finish(decided: Transaction): Promise<ErrorCode> {
    this.#options.store.set(decided)
    if (!(await this.#isStored())) {
      this.#completeLater(decided.transactionalId)
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    }
    await this.#complete(decided.transactionalId)
    return ErrorCode.NONE
  }

  async #complete(transactionalId: string): Promise<void> {
    const { store, topics, offsets, writes } = this.#options
    if (store.failure !== undefined && !(await this.#isStored())) return this.#completeLater(transactionalId)
    const decided = store.get(transactionalId)
    if (decided === undefined || !isPrepared(decided) || this.#closed) return
    const type = decided.state === 'PrepareCommit' ? 'commit' : 'abort'
    const { producerId, producerEpoch } = decided
    const logs: { readonly log: PartitionLog; readonly failures: number }[] = []
    let complete = true
    for (const key of decided.partitions) {
      const { topic, partition } = topicPartitionOf(key)
      const log = topics.partition(topic, partition)
      if (log === undefined || !log.hasOngoingTransaction(producerId)) continue
      const { failures } = log
      if (appendMarker(log, { producerId, producerEpoch, type })) logs.push({ log, failures })
      else complete = false
    }
    if (decided.groups.size > 0) offsets.endTransaction(producerId, type === 'commit')
    await Promise.all([...logs.map(({ log }) => writes.written(log)), writes.written(offsets), writes.written(store)])
    if (this.#closed) return
    complete = complete && logs.every(({ log, failures }) => log.failures === failures)
    if (!complete || offsets.failure !== undefined || store.failure !== undefined) {
      this.#completeLater(transactionalId)
      return
    }
    // Not waited for: a start that finds it prepared ends it once more, which changes nothing.
    store.set(completed(decided, Date.now()))
    void writes.written(store)
  }

  #completeLater(transactionalId: string): void {
    if (this.#closed) return
    const retry = setTimeout(() => {
      this.#retries.delete(retry)
      void this.#complete(transactionalId)
    }, RETRY_MS)
    this.#retries.add(retry)
  }

  async #isStored(): Promise<boolean> {
    const { store, writes } = this.#options
    await writes.written(store)
    return store.failure === undefined
  }

  #watch(): void {
    for (const transaction of this.all()) this.#watchFor(transaction)
  }

  /** Rings when the first of the open transactions is over its time. */
  #watchFor({ state, startedAt, timeoutMs }: Transaction): void {
    const at = startedAt + timeoutMs
    if (state !== 'Ongoing' || at >= this.#alarmAt || this.#closed) return
    clearTimeout(this.#alarm)
    this.#alarmAt = at
    this.#alarm = setTimeout(() => this.#ring(), Math.max(0, at - Date.now()) + 1)
  }

  #ring(): void {
    this.#alarmAt = Infinity
    const now = Date.now()
    for (const transaction of this.all()) {
      const { state, startedAt, timeoutMs, transactionalId } = transaction
      if (state !== 'Ongoing' || startedAt + timeoutMs > now) continue
      this.#options.logger.info(`the transaction of ${transactionalId} took longer than ${timeoutMs} ms: aborted`)
      void this.#finish(prepared(fenced(transaction), false, now))
    }
    this.#watch()
  }
}

/** False: not now. */
function appendMarker(log: PartitionLog, marker: Marker): boolean {
  try {
    const now = Date.now()
    log.append(markerBatch(marker, now), now)
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

function isPrepared({ state }: Transaction): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort'
}

function failedInit(errorCode: ErrorCode): InitResult {
  return { errorCode, producerId: -1, producerEpoch: -1 }
}
