/** Transactions step by step on a raw connection: what a producer sends, in the order a test wants. */
import { APIS, ATTRIBUTES, readBatches, RecordBatchBuilder, stampBatch } from 'naru/protocol'

import type { KafkaWire } from './kafka-wire.ts'

export interface Identity {
  readonly producerId: number
  readonly producerEpoch: number
}

export class TransactionSteps {
  readonly #wire: KafkaWire
  readonly #id: string
  #sequence = 0

  constructor(wire: KafkaWire, transactionalId: string) {
    this.#wire = wire
    this.#id = transactionalId
  }

  /** The same producer on another connection. */
  on(wire: KafkaWire): TransactionSteps {
    const steps = new TransactionSteps(wire, this.#id)
    steps.#sequence = this.#sequence
    return steps
  }

  async init(expected?: Identity, transactionTimeoutMs = 60_000) {
    const answer = await this.#wire.send(APIS.InitProducerId, 4, {
      ...{ transactionalId: this.#id, transactionTimeoutMs },
      ...expected,
    })
    if (answer.errorCode === 0) this.#sequence = 0
    return answer
  }

  async add({ producerId, producerEpoch }: Identity, topic: string, partitions = [0]): Promise<number> {
    const answer = await this.#wire.send(APIS.AddPartitionsToTxn, 3, {
      ...{ v3TransactionalId: this.#id, v3ProducerId: producerId, v3ProducerEpoch: producerEpoch },
      v3Topics: [{ name: topic, partitions }],
    })
    return answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode
  }

  async produce(
    identity: Identity,
    topic: string,
    values: readonly string[],
    options: { readonly partition?: number; readonly transactional?: boolean } = {},
  ): Promise<number> {
    const { partition = 0, transactional = true } = options
    const builder = new RecordBatchBuilder()
    for (const value of values) builder.append(Buffer.from('k'), Buffer.from(value), undefined, Date.now())
    const { producerId, producerEpoch } = identity
    const records = stampBatch(builder.finish(), {
      ...{ producerId, producerEpoch, baseSequence: this.#sequence, transactional },
    })
    const answer = await this.#wire.send(APIS.Produce, 9, {
      ...{ transactionalId: transactional ? this.#id : null, acks: -1, timeoutMs: 1000 },
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    })
    const { errorCode } = answer.responses[0]!.partitionResponses[0]!
    if (errorCode === 0) this.#sequence += values.length
    return errorCode
  }

  async offsets(
    identity: Identity,
    groupId: string,
    topic: string,
    committedOffset: number,
  ): Promise<readonly number[]> {
    const { producerId, producerEpoch } = identity
    const who = { transactionalId: this.#id, producerId, producerEpoch, groupId }
    const added = await this.#wire.send(APIS.AddOffsetsToTxn, 3, who)
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: null }]
    const answer = await this.#wire.send(APIS.TxnOffsetCommit, 3, {
      ...{ ...who, memberId: '', generationId: -1 },
      topics: [{ name: topic, partitions }],
    })
    return [added.errorCode, answer.topics[0]!.partitions[0]!.errorCode]
  }

  async end({ producerId, producerEpoch }: Identity, committed: boolean): Promise<number> {
    const request = { transactionalId: this.#id, producerId, producerEpoch, committed }
    return (await this.#wire.send(APIS.EndTxn, 3, request)).errorCode
  }
}

/** What a broker answers to a reader; with `skipAborted` less what a client then leaves out. */
export async function readTopic(
  wire: KafkaWire,
  topic: string,
  committed: boolean,
  partition = 0,
  skipAborted = false,
) {
  const answer = await wire.send(APIS.Fetch, 12, {
    ...{ maxWaitMs: 0, minBytes: 0, isolationLevel: committed ? 1 : 0 },
    topics: [{ topic, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }],
  })
  const { records, lastStableOffset, highWatermark, abortedTransactions } = answer.responses[0]!.partitions[0]!
  // One batch per transaction and producer, or a few right behind another: from its first offset up to the marker.
  const open = new Set<number>()
  const read = readBatches(records!, {
    ...{ topic, partition, from: 0, checkCrc: true },
    skip: ({ producerId, baseOffset, attributes }) => {
      if (abortedTransactions?.some((a) => a.producerId === producerId && a.firstOffset === baseOffset) === true) {
        open.add(producerId)
      }
      if ((attributes & ATTRIBUTES.control) !== 0) open.delete(producerId)
      return skipAborted && open.has(producerId)
    },
  })
  const values = read.records.map(({ value }) => value!.toString())
  return {
    values,
    lastStableOffset,
    highWatermark,
    abortedTransactions: abortedTransactions ?? [],
    nextOffset: read.nextOffset,
  }
}

/** Committed offset of partition 0, or the error code as text. */
export async function committedOffset(wire: KafkaWire, groupId: string, topic: string, requireStable = false) {
  const answer = await wire.send(APIS.OffsetFetch, 8, {
    groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }],
    requireStable,
  })
  const { errorCode, committedOffset: offset } = answer.groups[0]!.topics[0]!.partitions[0]!
  return errorCode === 0 ? offset : `error ${errorCode}`
}
