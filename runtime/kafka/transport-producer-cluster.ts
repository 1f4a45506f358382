import type { Cluster } from './cluster.ts'
import { KafkaError, throwOn } from './kafka-errors.ts'
import type { PartitionProduceResult, ProduceBatches, ProducerCluster } from './producer-cluster.ts'
import { ErrorCode, InitProducerId, Produce, isRetriable } from './protocol/index.ts'

/** Produce 13 names topics by id; 12 does all we need by name. */
const PRODUCE_BY_NAME = 12
/** A transactional Produce 12 tells the broker that we speak the second transaction protocol (KIP-890, part 2). */
const PRODUCE_FIRST_PROTOCOL = 11

/** What a producer asks of the cluster, over our transport. */
export class TransportProducerCluster implements ProducerCluster {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  partitions(topic: string): readonly { readonly leader: number | undefined }[] | undefined {
    return this.#cluster.topic(topic)?.partitions
  }

  async refresh(topics: readonly string[], signal?: AbortSignal): Promise<void> {
    const response = await this.#cluster.refresh(topics, { create: true, signal })
    for (const { errorCode, name } of response.topics) {
      // what is retriable (being created, electing a leader) shows as unknown and is asked again
      if (errorCode !== ErrorCode.NONE && !isRetriable(errorCode))
        throw new KafkaError(errorCode, `produce to topic ${name}`)
    }
  }

  reachableAt(nodeId: number): number {
    return this.#cluster.reachableAt(nodeId)
  }

  async produce(nodeId: number, request: ProduceBatches): Promise<readonly PartitionProduceResult[]> {
    const response = await this.#cluster.send(
      nodeId,
      Produce,
      {
        transactionalId: request.transactionalId,
        acks: request.acks,
        timeoutMs: request.timeoutMs,
        topicData: request.topics.map(({ name, partitions }) => ({ name, partitionData: partitions })),
      },
      {
        channel: 'produce',
        limit: request.transactionalId === null ? PRODUCE_BY_NAME : PRODUCE_FIRST_PROTOCOL,
        timeoutMs: request.timeoutMs,
        expectResponse: request.acks !== 0,
      },
    )
    if (request.acks === 0) {
      return request.topics.flatMap(({ name, partitions }) =>
        partitions.map(({ index }) => ({ topic: name, partition: index, errorCode: 0, baseOffset: -1, message: null })),
      )
    }
    return response.responses.flatMap(({ name, partitionResponses }) =>
      partitionResponses.map(({ index, errorCode, baseOffset, errorMessage }) => ({
        topic: name,
        partition: index,
        errorCode,
        baseOffset,
        message: errorMessage,
      })),
    )
  }

  async initProducerId(
    transactionalId: string | null,
    timeoutMs: number,
  ): Promise<{ readonly producerId: number; readonly producerEpoch: number }> {
    const response = await this.#cluster.send('any', InitProducerId, {
      transactionalId,
      transactionTimeoutMs: timeoutMs,
    })
    throwOn(response.errorCode, 'get a producer id')
    return { producerId: response.producerId, producerEpoch: response.producerEpoch }
  }

  close(): void {
    void this.#cluster[Symbol.asyncDispose]()
  }
}
