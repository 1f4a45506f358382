import { KafkaError } from '../../../../runtime/kafka/kafka-errors.ts'
import type {
  PartitionProduceResult,
  ProduceBatches,
  ProducerCluster,
} from '../../../../runtime/kafka/producer-cluster.ts'
import { ErrorCode } from '../../../../runtime/kafka/protocol/error-codes.ts'
import type { BatchHeader } from '../../../../runtime/kafka/records/record-batch.ts'
import { readBatches } from '../../../../runtime/kafka/records/record-batch-reader.ts'

export type Answer = number | 'lost before' | 'lost after'

/**
 * A broker in memory below the cluster seam: it keeps a log per partition, drops duplicates and checks sequences as a broker
 * does, and misbehaves as told.
 */
export class ScriptedCluster implements ProducerCluster {
  readonly logs = new Map<string, string[]>()
  readonly sequences = new Map<string, number>()
  readonly faults: Answer[] = []
  requests = 0
  /** Bytes of each batch that came. */
  readonly batches: number[] = []
  maxBytes = Infinity
  held: Promise<void> | undefined
  #producerIds = 0

  partitions(topic: string): readonly { readonly leader: number }[] | undefined {
    return topic === 'absent' ? undefined : [{ leader: 1 }, { leader: 2 }]
  }

  async refresh(): Promise<void> {}

  async initProducerId(): Promise<{ producerId: number; producerEpoch: number }> {
    return { producerId: ++this.#producerIds, producerEpoch: 0 }
  }

  async produce(_node: number, request: ProduceBatches): Promise<readonly PartitionProduceResult[]> {
    this.requests++
    await this.held
    const fault = this.faults.shift()
    if (fault === 'lost before') throw new KafkaError(ErrorCode.NETWORK_EXCEPTION, 'produce')
    const results = request.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ index, records }) => this.#append(name, index, records, typeof fault === 'number' ? fault : 0)),
    )
    if (fault === 'lost after') throw new KafkaError(ErrorCode.NETWORK_EXCEPTION, 'produce')
    return results
  }

  #append(topic: string, partition: number, bytes: Buffer, fault: number): PartitionProduceResult {
    this.batches.push(bytes.length)
    const answer = { topic, partition, baseOffset: -1, message: null }
    if (fault !== 0) return { ...answer, errorCode: fault }
    if (bytes.length > this.maxBytes) return { ...answer, errorCode: ErrorCode.MESSAGE_TOO_LARGE }
    const headers: BatchHeader[] = []
    const { records } = readBatches(bytes, {
      topic,
      partition,
      from: 0,
      checkCrc: true,
      skip: (h) => (headers.push(h), false),
    })
    const { producerId, baseSequence } = headers[0]!
    const name = `${topic}-${partition}`
    if (producerId >= 0) {
      const expected = this.sequences.get(`${name}/${producerId}`) ?? 0
      if (baseSequence < expected) return { ...answer, errorCode: ErrorCode.DUPLICATE_SEQUENCE_NUMBER }
      if (baseSequence > expected) return { ...answer, errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER }
      this.sequences.set(`${name}/${producerId}`, expected + records.length)
    }
    const log = this.logs.get(name) ?? []
    this.logs.set(name, log)
    const baseOffset = log.length
    log.push(...records.map((record) => record.value!.toString()))
    return { ...answer, baseOffset, errorCode: 0 }
  }
}
