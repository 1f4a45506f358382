import { ConnectError } from '../api/errors.ts'
import type { Logger } from '../api/logger.ts'
import type { Props } from '../api/props.ts'
import type { Cluster } from './cluster.ts'
import type { DeliveryListener, ProducerRecord } from './producer-record.ts'
import type { PartitionOffset } from './topic-partition.ts'

/**
 * `fenced`: nothing more can be done with this producer, since a newer epoch of its transactional.id exists or the broker refuses it for
 * good; `failure` says which. `abortable`: abort() and go on.
 */
export type TransactionalState = 'uninitialized' | 'ready' | 'in-transaction' | 'abortable' | 'fenced' | 'closed'

/** Whose offsets are committed inside the transaction, and as which member (KIP-447: an older generation is refused). */
export interface TransactionGroup {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly groupInstanceId?: string | undefined
}

/** Sends records and consumer offsets in transactions: all of one become visible to read_committed readers, or none (KIP-98). */
export class TransactionalProducer implements AsyncDisposable {
  readonly #state: TransactionalState = 'uninitialized'

   
  constructor(_options: { readonly props: Props; readonly cluster: Cluster; readonly logger: Logger }) {}

  get state(): TransactionalState {
    return this.#state
  }

  /** Why the state is `abortable` or `fenced`. */
  get failure(): Error | undefined {
    return undefined
  }

  /** Takes the transactional.id over: whoever held it before is fenced, a transaction it left open is aborted. */
  async initTransactions(_signal?: AbortSignal): Promise<void> {
    return await Promise.reject(new ConnectError('transactions are not available yet'))
  }

  begin(): void {
    throw new ConnectError('transactions are not available yet')
  }

  /** As Producer.send. Rejects with the failure of the transaction once it can only be aborted. */
  async send<R extends ProducerRecord>(
    _records: readonly R[],
    _listener: DeliveryListener<R>,
    _signal?: AbortSignal,
  ): Promise<void> {
    return await Promise.reject(new ConnectError('transactions are not available yet'))
  }

  /** Commits the offsets of a consumer group with the transaction. */
  async sendOffsets(
    _offsets: readonly PartitionOffset[],
    _group: TransactionGroup,
    _signal?: AbortSignal,
  ): Promise<void> {
    return await Promise.reject(new ConnectError('transactions are not available yet'))
  }

  /** Flushes, then commits; retried until the outcome is known. Rejects with the failure when the transaction can only be aborted. */
  async commit(_signal?: AbortSignal): Promise<void> {
    return await Promise.reject(new ConnectError('transactions are not available yet'))
  }

  /** Fails what is not sent yet, then aborts; retried until the outcome is known. */
  async abort(_signal?: AbortSignal): Promise<void> {
    return await Promise.reject(new ConnectError('transactions are not available yet'))
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
