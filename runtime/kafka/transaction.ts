import { FencedError, isConnectError } from '../api/errors.ts'
import type { Logger } from '../api/logger.ts'
import { KafkaError } from './kafka-errors.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { IdentityOwner, ProducerId, ProducerIdentity } from './producer-identity.ts'
import { ErrorCode } from './protocol/index.ts'
import type { PartitionOffset } from './topic-partition.ts'
import { TransactionRefusal } from './transaction-coordinator.ts'
import type { TransactionCoordinator, TransactionGroup } from './transaction-coordinator.ts'
import { nextState, refusal } from './transaction-state.ts'
import type { InnerState, TransactionEvent } from './transaction-state.ts'

/** What of a transaction the coordinator may know of. */
type Started = 'no' | 'perhaps' | 'yes'

/**
 * One transactional id: its producer id and epoch, the state of its transaction, and which partitions are in it. The sender writes with
 * this identity; a partition is admitted once the coordinator knows that it is written to.
 */
export class Transaction implements ProducerIdentity {
  readonly transactionalId: string
  readonly #coordinator: TransactionCoordinator
  readonly #timeoutMs: number
  readonly #logger: Logger
  #owner: IdentityOwner | undefined
  #state: InnerState = 'uninitialized'
  #failure: Error | undefined
  #id: ProducerId | undefined
  /** Counts the transactions; a queue remembers the one that it was added to. */
  #ordinal = 0
  #began = 0
  #started: Started = 'no'
  /** Something that was sent under this epoch may yet arrive: go on with a raised one. */
  #raiseEpoch = false
  readonly #wanted = new Set<PartitionQueue>()
  #adding: Promise<void> | undefined
  /** Ends the requests that belong to the transaction as it goes on; not its end. */
  #current = new AbortController()

  constructor(options: {
    transactionalId: string
    coordinator: TransactionCoordinator
    timeoutMs: number
    logger: Logger
  }) {
    this.transactionalId = options.transactionalId
    this.#coordinator = options.coordinator
    this.#timeoutMs = options.timeoutMs
    this.#logger = options.logger
  }

  get state(): InnerState {
    return this.#state
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  get id(): ProducerId | undefined {
    return this.#id
  }

  attach(owner: IdentityOwner): void {
    this.#owner = owner
  }

  /** Throws when the state does not allow it. What follows from `failed` and `fenced` is thrown as what it was. */
  enter(event: TransactionEvent): void {
    const next = nextState(this.#state, event)
    if (next === undefined) throw this.#failure ?? refusal(this.#state, event, this.transactionalId)
    this.#state = next
  }

  begin(): void {
    this.enter('begin')
    this.#ordinal++
    this.#began = Date.now()
    this.#started = 'no'
    this.#failure = undefined
    this.#current = new AbortController()
  }

  async initialize(signal: AbortSignal): Promise<void> {
    this.enter('init')
    try {
      this.#identify(await this.#coordinator.initProducerId(undefined, signal))
      this.enter('initialized')
    } catch (error) {
      if (error instanceof TransactionRefusal) throw this.#refused(error)
      if (this.#state === 'initializing') this.enter('gave up initializing')
      throw error
    }
  }

  admits(queue: PartitionQueue): boolean {
    if (!this.mayRetry()) return false
    if (queue.transaction === this.#ordinal) return true
    this.#wanted.add(queue)
    return false
  }

  arrange(): void {
    if (this.#wanted.size > 0 && this.mayRetry()) this.#adding ??= this.#add()
  }

  sequenceLost(): boolean {
    return false
  }

  mayRetry(): boolean {
    return this.#state === 'open' || this.#state === 'committing'
  }

  /** A transaction that lacks one of its batches must not commit. The epoch is raised, as Java does: the batch's sequence is in doubt. */
  batchFailed(error: Error, uncertain: boolean): void {
    const refused = error instanceof KafkaError && EPOCH_OVER.includes(error.kafkaCode)
    if (uncertain || refused) this.#raiseEpoch = true
    this.fail(error)
  }

  async sendOffsets(
    offsets: readonly PartitionOffset[],
    group: TransactionGroup,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const stop = signal === undefined ? this.#current.signal : AbortSignal.any([signal, this.#current.signal])
    try {
      await this.#start(() => this.#coordinator.addOffsets(this.#id!, group.groupId, stop))
      await this.#coordinator.commitOffsets(this.#id!, group, offsets, stop)
    } catch (error) {
      if (error instanceof TransactionRefusal) throw this.#refused(error)
      // given up without an answer: whether the transaction holds the offsets is unknown
      this.#raiseEpoch = true
      this.fail(error as Error)
      throw this.#failure ?? error
    }
  }

  /** All its batches are delivered. */
  async commit(signal: AbortSignal): Promise<void> {
    try {
      if (this.#started !== 'no') await this.#coordinator.end(this.#id!, true, signal)
      this.enter('committed')
    } catch (error) {
      if (error instanceof TransactionRefusal) throw this.#refused(error)
      throw error
    }
  }

  /** None of its batches is queued or in flight any more. */
  async abort(signal: AbortSignal): Promise<void> {
    await this.#adding // told to end
    try {
      if (this.#started !== 'no') await this.#endAborted(signal)
      if (this.#raiseEpoch) this.#identify(await this.#coordinator.initProducerId(this.#id, signal))
      this.enter('aborted')
      this.#failure = undefined
    } catch (error) {
      if (error instanceof TransactionRefusal) throw this.#refused(error)
      throw error
    }
  }

  /** Nothing more of this transaction is asked for. */
  halt(error: Error): void {
    this.#wanted.clear()
    this.#current.abort(error)
    this.#owner!.dropQueued(error)
  }

  /** The transaction can only be aborted from now on. */
  fail(error: Error): void {
    const next = nextState(this.#state, 'failed')
    if (next === undefined || next === this.#state) return
    this.#state = next
    this.#failure = error
    this.#logger.debug(`transaction of ${this.transactionalId} can only be aborted: ${error.message}`)
    this.halt(error)
  }

  close(error: Error): void {
    this.enter('closed')
    this.#failure ??= error
    this.#wanted.clear()
    this.#current.abort(error)
  }

  /** All partitions that wait are added with one request. */
  async #add(): Promise<void> {
    const queues = [...this.#wanted]
    const ordinal = this.#ordinal
    this.#wanted.clear()
    try {
      await this.#start(() => this.#coordinator.addPartitions(this.#id!, queues, this.#current.signal))
      for (const queue of queues) queue.transaction = ordinal
    } catch (error) {
      if (error instanceof TransactionRefusal) this.#refused(error)
      else if (isConnectError(error)) this.fail(error) // else it was told to end
    } finally {
      this.#adding = undefined
      this.#owner!.wake()
    }
  }

  /** With the first of these requests the transaction begins at the coordinator. */
  async #start(request: () => Promise<void>): Promise<void> {
    if (this.#started === 'no') this.#started = 'perhaps'
    try {
      await request()
      this.#started = 'yes'
    } catch (error) {
      // without an answer it may arrive yet, and would open a transaction that nobody ends
      if (!(error instanceof TransactionRefusal)) this.#raiseEpoch = true
      throw error
    }
  }

  async #endAborted(signal: AbortSignal): Promise<void> {
    try {
      await this.#coordinator.end(this.#id!, false, signal)
    } catch (error) {
      const code = error instanceof TransactionRefusal ? error.cause.kafkaCode : undefined
      // the coordinator has forgotten the id, or there was no transaction after all
      const nothing =
        code === ErrorCode.INVALID_PRODUCER_ID_MAPPING ||
        code === ErrorCode.UNKNOWN_PRODUCER_ID ||
        (code === ErrorCode.INVALID_TXN_STATE && this.#started === 'perhaps')
      if (!nothing) throw error
      this.#raiseEpoch = true
    }
  }

  #identify(id: ProducerId): void {
    this.#id = id
    this.#raiseEpoch = false
    this.#owner!.resetSequences()
  }

  /** Answers what callers are to see. */
  #refused({ verdict, cause }: TransactionRefusal): Error {
    if (verdict === 'abort') {
      this.#raiseEpoch = true
      this.fail(cause)
      return cause
    }
    const error = verdict === 'fenced' ? this.#fencedError(cause) : cause
    if (this.#state === 'closed') return error
    this.enter('fenced')
    this.#failure = error
    this.#logger.warn(error.message)
    this.halt(error)
    return error
  }

  #fencedError(cause: KafkaError): FencedError {
    const openMs = Date.now() - this.#began
    const slow = this.#state !== 'initializing' && this.#began > 0 && openMs >= this.#timeoutMs
    const why = slow
      ? `the transaction was open for ${openMs} ms and transaction.timeout.ms is ${this.#timeoutMs}: the coordinator has aborted it`
      : 'another producer with this transactional.id has taken over'
    return new FencedError(`${cause.message}: ${why}`, { cause })
  }
}

/** A partition's leader refuses what this epoch writes. */
const EPOCH_OVER: readonly number[] = [
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.INVALID_TXN_STATE,
  ErrorCode.TRANSACTION_ABORTABLE,
]
