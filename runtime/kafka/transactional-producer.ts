import { abortable, within } from '../async/abort.ts'
import { ConfigError, ConnectError, TimeoutError } from '../api/errors.ts'
import type { Logger } from '../api/logger.ts'
import type { Props } from '../api/props.ts'
import type { Cluster } from './cluster.ts'
import { Producer } from './producer.ts'
import { parseTransactionalOptions } from './producer-options.ts'
import type { ProducerOptions } from './producer-options.ts'
import type { DeliveryListener, ProducerRecord } from './producer-record.ts'
import type { PartitionOffset } from './topic-partition.ts'
import { Transaction } from './transaction.ts'
import { TransactionCoordinator } from './transaction-coordinator.ts'
import type { TransactionGroup } from './transaction-coordinator.ts'
import { publicState } from './transaction-state.ts'
import type { TransactionalState } from './transaction-state.ts'
import { TransportProducerCluster } from './transport-producer-cluster.ts'

export type { TransactionGroup } from './transaction-coordinator.ts'
export type { TransactionalState } from './transaction-state.ts'

/** How long a closing producer tries to abort what it left open, so that readers need not wait for the transaction to time out. */
const CLOSE_TIMEOUT_MS = 5_000

/**
 * Sends records and consumer offsets in transactions: all of one become visible to read_committed readers, or none (KIP-98). One
 * producer id for all partitions; order per partition as Producer keeps it. After an error that is not final `state` is `abortable`:
 * abort() and begin() anew; the epoch is raised on the way when something of the failed transaction might still arrive (KIP-360).
 */
export class TransactionalProducer implements AsyncDisposable {
  readonly #options: ProducerOptions
  readonly #producer: Producer
  readonly #transaction: Transaction
  readonly #closing = new AbortController()
  /** The commit or abort that goes on, whether or not its caller still waits. */
  #ending: Promise<void> | undefined

  /** `props`: transactional.id, transaction.timeout.ms and a producer's. The cluster is closed with the producer. */
  constructor(options: { readonly props: Props; readonly cluster: Cluster; readonly logger: Logger }) {
    const { cluster, logger } = options
    this.#options = parseTransactionalOptions(options.props)
    const transactionalId = this.#options['transactional.id']
    if (transactionalId === null) throw new ConfigError('transactional.id', 'a transactional producer needs it')
    const timeoutMs = this.#options['transaction.timeout.ms']
    this.#transaction = new Transaction({
      transactionalId,
      timeoutMs,
      logger,
      coordinator: new TransactionCoordinator({ cluster, transactionalId, timeoutMs }),
    })
    this.#producer = new Producer({
      options: this.#options,
      cluster: new TransportProducerCluster(cluster),
      logger,
      identity: this.#transaction,
    })
  }

  get state(): TransactionalState {
    return publicState(this.#transaction.state)
  }

  /** Why the state is `abortable` or `fenced`. */
  get failure(): Error | undefined {
    return this.#transaction.failure
  }

  /** Bytes of `buffer.memory` in use. */
  get bufferedBytes(): number {
    return this.#producer.bufferedBytes
  }

  /**
   * Takes the transactional.id over: whoever held it is fenced, a transaction it left open is aborted. Rejects with TimeoutError after
   * max.block.ms, and may then be called again.
   */
  async initTransactions(signal?: AbortSignal): Promise<void> {
    const limit = this.#options['max.block.ms']
    const timeout = new AbortController()
    const timer = limit < 2 ** 31 ? setTimeout(() => timeout.abort(), limit) : undefined
    const stops = [this.#closing.signal, timeout.signal, ...(signal === undefined ? [] : [signal])]
    try {
      await this.#transaction.initialize(AbortSignal.any(stops))
    } catch (error) {
      if (!timeout.signal.aborted || signal?.aborted === true || this.#closing.signal.aborted) throw error
      throw new TimeoutError(
        `no producer id for transactional.id ${this.#transaction.transactionalId} within max.block.ms=${limit}`,
        { cause: error },
      )
    } finally {
      clearTimeout(timer)
    }
  }

  begin(): void {
    this.#transaction.begin()
  }

  /** As Producer.send. Rejects with the failure of the transaction once it can only be aborted. */
  async send<R extends ProducerRecord>(
    records: readonly R[],
    listener: DeliveryListener<R>,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#transaction.enter('send')
    try {
      await this.#producer.send(records, listener, signal)
    } catch (error) {
      // some of the records may have been taken
      this.#transaction.fail(error as Error)
      throw error
    }
    if (this.#transaction.state === 'open') return
    // it failed meanwhile: nobody else drops what was taken after that
    const failure = this.failure ?? new ConnectError('the transaction was ended while records were being sent')
    this.#transaction.halt(failure)
    throw failure
  }

  /** Commits the offsets of a consumer group with the transaction. */
  async sendOffsets(offsets: readonly PartitionOffset[], group: TransactionGroup, signal?: AbortSignal): Promise<void> {
    this.#transaction.enter('send')
    if (offsets.length > 0) await this.#transaction.sendOffsets(offsets, group, signal)
  }

  /**
   * Flushes, then commits; goes on until the outcome is known. Rejects with the failure when the transaction can only be aborted, and with
   * the signal's reason: then the commit goes on behind, and commit() called again waits for it.
   */
  async commit(signal?: AbortSignal): Promise<void> {
    this.#transaction.enter('commit')
    await this.#end(() => this.#commit(), signal)
  }

  /** Fails what is not delivered yet, then aborts; goes on as commit() does. */
  async abort(signal?: AbortSignal): Promise<void> {
    this.#transaction.enter('abort')
    await this.#end(() => this.#abort(), signal)
  }

  /** Aborts what is open, for 5 s at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.state === 'closed') return
    if (this.#ending === undefined && ['open', 'abortable', 'aborting'].includes(this.#transaction.state)) {
      this.#transaction.enter('abort')
      this.#ending = this.#abort()
    }
    // who closes has stopped to care for the outcome; the next owner of the transactional.id learns it
    if (this.#ending !== undefined)
      await within(
        CLOSE_TIMEOUT_MS,
        this.#ending.catch(() => undefined),
      )
    this.abandon()
  }

  /** Closes without a word to the broker; an open transaction is aborted by the next owner, or when it times out. */
  abandon(): void {
    if (this.state === 'closed') return
    const error = new ConnectError(`the transactional producer ${this.#transaction.transactionalId} is closed`)
    this.#closing.abort(error)
    this.#transaction.close(error)
    this.#producer.abandon()
  }

  async #end(how: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    this.#ending ??= how().finally(() => {
      this.#ending = undefined
    })
    await abortable(this.#ending, signal)
  }

  async #commit(): Promise<void> {
    await this.#producer.flush()
    if (this.#transaction.state !== 'committing') throw this.#transaction.failure!
    await this.#transaction.commit(this.#closing.signal)
  }

  async #abort(): Promise<void> {
    const { transactionalId } = this.#transaction
    this.#transaction.halt(new ConnectError(`the transaction of ${transactionalId} was aborted`))
    // what is in flight must be known not to arrive later
    await this.#producer.flush()
    await this.#transaction.abort(this.#closing.signal)
  }
}
