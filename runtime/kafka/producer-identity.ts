import type { Logger } from '../api/logger.ts'
import { asClientError } from './kafka-errors.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerCluster } from './producer-cluster.ts'
import type { ProducerOptions } from './producer-options.ts'

export interface ProducerId {
  readonly producerId: number
  readonly producerEpoch: number
}

/** The sender, as its identity sees it. */
export interface IdentityOwner {
  /** Something that held records back is gone. */
  wake(): void
  /** A new producer id or epoch begins every partition at sequence 0. */
  resetSequences(): void
  /** Fails what is queued and not in flight. */
  dropQueued(error: Error): void
}

/** As whom the sender writes, and whether it may. */
export interface ProducerIdentity {
  readonly transactionalId: string | null
  attach(owner: IdentityOwner): void
  /** undefined: records carry none, or there is none yet and nothing is admitted. */
  readonly id: ProducerId | undefined
  /** Whether batches of this partition may go out now; else the next `arrange` sees to it and the owner is woken. */
  admits(queue: PartitionQueue): boolean
  arrange(): void
  /** A broker no longer knows the sequence of this id. True: the batch may be sent again, with a sequence of a new id. */
  sequenceLost(producerId: number): boolean
  /** Whether a batch that was refused for a passing reason may be sent again. */
  mayRetry(): boolean
  /** A batch failed for good. `uncertain`: it may have been written all the same, so its sequence must not serve other records. */
  batchFailed(error: Error, uncertain: boolean): void
}

/** acks other than all, or enable.idempotence=false. */
export class NoIdentity implements ProducerIdentity {
  readonly transactionalId = null
  readonly id = undefined
  attach(): void {}
  admits(): boolean {
    return true
  }
  arrange(): void {}
  sequenceLost(): boolean {
    return false
  }
  mayRetry(): boolean {
    return true
  }
  batchFailed(): void {}
}

/** A producer id by which brokers drop what a retry sends twice (KIP-98); a new one whenever its sequences are in doubt. */
export class IdempotentIdentity implements ProducerIdentity {
  readonly transactionalId = null
  readonly #cluster: ProducerCluster
  readonly #options: ProducerOptions
  readonly #logger: Logger
  #owner: IdentityOwner | undefined
  #id: ProducerId | undefined
  #wanted = false
  #request: Promise<void> | undefined

  constructor(options: { cluster: ProducerCluster; options: ProducerOptions; logger: Logger }) {
    this.#cluster = options.cluster
    this.#options = options.options
    this.#logger = options.logger
  }

  attach(owner: IdentityOwner): void {
    this.#owner = owner
  }

  get id(): ProducerId | undefined {
    return this.#id
  }

  admits(): boolean {
    if (this.#id === undefined) this.#wanted = true
    return this.#id !== undefined
  }

  arrange(): void {
    if (this.#wanted) this.#request ??= this.#ask()
  }

  sequenceLost(producerId: number): boolean {
    if (producerId === this.#id?.producerId) this.#renew()
    return true
  }

  mayRetry(): boolean {
    return true
  }

  batchFailed(_error: Error, uncertain: boolean): void {
    if (uncertain && this.#id !== undefined) this.#renew()
  }

  #renew(): void {
    this.#id = undefined
    this.#owner!.resetSequences()
  }

  async #ask(): Promise<void> {
    try {
      this.#id = await this.#cluster.initProducerId(null, this.#options['request.timeout.ms'])
    } catch (error) {
      const failure = asClientError(error, 'get a producer id')
      if (failure.retriable) {
        this.#logger.debug(`${failure.message}; trying again`)
        await new Promise((resolve) => setTimeout(resolve, this.#options['retry.backoff.ms']))
      } else this.#owner!.dropQueued(failure)
    } finally {
      this.#wanted = false
      this.#request = undefined
      this.#owner!.wake()
    }
  }
}
