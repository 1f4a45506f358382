import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import { byTopic } from './by-topic.ts'
import type { Cluster } from './cluster.ts'
import { KafkaError, isKafkaError } from './kafka-errors.ts'
import type { ProducerId } from './producer-identity.ts'
import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  EndTxn,
  ErrorCode,
  InitProducerId,
  TxnOffsetCommit,
} from './protocol/index.ts'
import type { PartitionOffset, TopicPartition } from './topic-partition.ts'
import { gravest, transactionVerdict } from './transaction-verdict.ts'
import type { TransactionApi } from './transaction-verdict.ts'

const CHANNEL = 'transaction'
/** From version 4 on AddPartitionsToTxn is for brokers only (KIP-890). */
const ADD_PARTITIONS_OF_CLIENTS = 3
/** A later version of these tells the broker that we speak the second transaction protocol (KIP-890, part 2). */
const FIRST_PROTOCOL = 4
/** The markers of the transaction before are being written: a matter of milliseconds. Java asks again after 20 ms, kafkajs after 300. */
const CONCURRENT_PAUSE = { initialMs: 1, maxMs: 20, jitter: 0 }

/** Whose offsets are committed inside the transaction, and as which member (KIP-447: an older generation is refused). */
export interface TransactionGroup {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly groupInstanceId?: string | undefined
}

/** An answer after which repeating does not help. */
export class TransactionRefusal extends Error {
  readonly verdict: 'abort' | 'fenced' | 'fatal'
  override readonly cause: KafkaError

  constructor(verdict: 'abort' | 'fenced' | 'fatal', cause: KafkaError) {
    super(cause.message, { cause })
    this.verdict = verdict
    this.cause = cause
  }
}

/**
 * The requests of one transactional id to its coordinator (and the group's, for offsets). Each is repeated, over lost answers, moved
 * coordinators and restarted brokers, until the outcome is known or the signal aborts; TransactionRefusal when it is no.
 */
export class TransactionCoordinator {
  readonly #cluster: Cluster
  readonly #transactionalId: string
  readonly #timeoutMs: number

  /** `timeoutMs`: transaction.timeout.ms */
  constructor(options: { cluster: Cluster; transactionalId: string; timeoutMs: number }) {
    this.#cluster = options.cluster
    this.#transactionalId = options.transactionalId
    this.#timeoutMs = options.timeoutMs
  }

  /** `previous`: raise the epoch of this id, if it is still the newest (KIP-360); without it, take the transactional id over. */
  async initProducerId(previous: ProducerId | undefined, signal: AbortSignal): Promise<ProducerId> {
    const request = {
      transactionalId: this.#transactionalId,
      transactionTimeoutMs: this.#timeoutMs,
      ...previous,
    }
    let id: ProducerId = { producerId: -1, producerEpoch: -1 }
    const doing = `get a producer id with transaction.timeout.ms=${this.#timeoutMs}`
    await this.#repeat('InitProducerId', doing, signal, async (node) => {
      const answer = await this.#cluster.send(node, InitProducerId, request, { channel: CHANNEL, signal })
      id = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
      return answer.errorCode
    })
    return id
  }

  async addPartitions(id: ProducerId, partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const topics = byTopic(partitions).map(([name, list]) => ({
      name,
      partitions: list.map(({ partition }) => partition),
    }))
    const request = {
      transactions: [],
      v3TransactionalId: this.#transactionalId,
      v3ProducerId: id.producerId,
      v3ProducerEpoch: id.producerEpoch,
      v3Topics: topics,
    }
    const doing = `add ${topics.map(({ name }) => name).join(', ')} to the transaction`
    await this.#repeat('AddPartitionsToTxn', doing, signal, async (node) => {
      const answer = await this.#cluster.send(node, AddPartitionsToTxn, request, {
        channel: CHANNEL,
        limit: ADD_PARTITIONS_OF_CLIENTS,
        signal,
      })
      const results = answer.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) => resultsByPartition)
      return gravest(
        'AddPartitionsToTxn',
        results.map(({ partitionErrorCode }) => partitionErrorCode),
      )
    })
  }

  async addOffsets(id: ProducerId, groupId: string, signal: AbortSignal): Promise<void> {
    const request = { transactionalId: this.#transactionalId, ...id, groupId }
    await this.#repeat(
      'AddOffsetsToTxn',
      `add offsets of group ${groupId} to the transaction`,
      signal,
      async (node) => {
        const { errorCode } = await this.#cluster.send(node, AddOffsetsToTxn, request, {
          channel: CHANNEL,
          limit: FIRST_PROTOCOL,
          signal,
        })
        return errorCode
      },
    )
  }

  async commitOffsets(
    id: ProducerId,
    group: TransactionGroup,
    offsets: readonly PartitionOffset[],
    signal: AbortSignal,
  ): Promise<void> {
    const { groupId, generation, memberId, groupInstanceId } = group
    const request = {
      transactionalId: this.#transactionalId,
      groupId,
      ...id,
      generationId: generation,
      memberId,
      groupInstanceId: groupInstanceId ?? null,
      topics: byTopic(offsets).map(([name, list]) => ({
        name,
        partitions: list.map(({ partition, offset }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedMetadata: '',
        })),
      })),
    }
    await this.#repeat(
      'TxnOffsetCommit',
      `commit offsets of group ${groupId} in the transaction`,
      signal,
      async (node) => {
        const { topics } = await this.#cluster.send(node, TxnOffsetCommit, request, {
          channel: CHANNEL,
          limit: FIRST_PROTOCOL,
          signal,
        })
        return gravest(
          'TxnOffsetCommit',
          topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode)),
        )
      },
      groupId,
    )
  }

  async end(id: ProducerId, committed: boolean, signal: AbortSignal): Promise<void> {
    const request = { transactionalId: this.#transactionalId, ...id, committed }
    const doing = committed ? 'commit the transaction' : 'abort the transaction'
    await this.#repeat('EndTxn', doing, signal, async (node) => {
      const { errorCode } = await this.#cluster.send(node, EndTxn, request, {
        channel: CHANNEL,
        limit: FIRST_PROTOCOL,
        signal,
      })
      return errorCode
    })
  }

  /** `attempt` answers the error code. With a group, the group's coordinator is asked. */
  async #repeat(
    api: TransactionApi,
    what: string,
    signal: AbortSignal,
    attempt: (node: number) => Promise<number>,
    groupId?: string,
  ): Promise<void> {
    const doing = `${what} of transactional id ${this.#transactionalId}`
    const kind = groupId === undefined ? 'transaction' : 'group'
    const key = groupId ?? this.#transactionalId
    const { retryBackoffMs: initialMs, retryBackoffMaxMs: maxMs } = this.#cluster.options
    const retries = new Backoff({ initialMs, maxMs })
    const soon = new Backoff(CONCURRENT_PAUSE)
    for (;;) {
      signal.throwIfAborted()
      const error = await this.#outcome(async () => attempt(await this.#cluster.coordinator(key, signal, kind)), doing)
      if (error === undefined) return
      signal.throwIfAborted() // its reason may be an error of Kafka, and is no answer
      const verdict = transactionVerdict(api, error.kafkaCode)
      if (verdict === 'abort' || verdict === 'fenced' || verdict === 'fatal')
        throw new TransactionRefusal(verdict, error)
      if (verdict === 'coordinator') this.#cluster.forgetCoordinator(key, kind)
      await sleep(verdict === 'concurrent' ? soon.next() : retries.next(), signal)
    }
  }

  async #outcome(attempt: () => Promise<number>, doing: string): Promise<KafkaError | undefined> {
    try {
      const code = await attempt()
      return code === ErrorCode.NONE ? undefined : new KafkaError(code, doing)
    } catch (error) {
      if (isKafkaError(error)) return error
      throw error
    }
  }
}
