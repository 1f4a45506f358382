export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface PartitionOffset extends TopicPartition {
  readonly offset: number
}

/** One string per partition, for maps and messages: `topic-partition`, as Kafka's logs write it. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}
