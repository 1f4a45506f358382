/** What a producer needs of the cluster; the transport implements it. */
export interface ProducerCluster {
  /** From the cache; undefined: not known yet. Index = partition; leader undefined: none at the moment. */
  partitions(topic: string): readonly { readonly leader: number | undefined }[] | undefined
  /**
   * Fetches metadata of these topics (auto-creation allowed). Throws KafkaError for a topic that can never be written
   * (INVALID_TOPIC_EXCEPTION, TOPIC_AUTHORIZATION_FAILED); topics that do not exist yet stay unknown.
   */
  refresh(topics: readonly string[], signal?: AbortSignal): Promise<void>
  /** When the broker could be reached, in milliseconds since the epoch; past or absent: now. */
  reachableAt?(nodeId: number): number
  /** One Produce request to one broker; rejects with a retriable KafkaError on connection loss or timeout. acks 0: resolves when written. */
  produce(nodeId: number, request: ProduceBatches): Promise<readonly PartitionProduceResult[]>
  initProducerId(
    transactionalId: string | null,
    timeoutMs: number,
  ): Promise<{ readonly producerId: number; readonly producerEpoch: number }>
  /** The producer is done: connections may go. */
  close?(): void
}

export interface ProduceBatches {
  readonly acks: number
  readonly timeoutMs: number
  readonly transactionalId: string | null
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly index: number; readonly records: Buffer }[]
  }[]
}

export interface PartitionProduceResult {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: number
  readonly message: string | null
}
