export type { PartitionOffset, TopicPartition } from '../api/index.ts'

/** One string per partition, for maps and messages: `topic-partition`, as Kafka's logs write it. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}
