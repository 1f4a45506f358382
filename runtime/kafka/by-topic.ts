import type { TopicPartition } from './topic-partition.ts'

/** Groups partitions by topic, as requests want them. */
export function byTopic<T extends TopicPartition>(
  partitions: readonly T[],
): readonly (readonly [string, readonly T[]])[] {
  const topics = new Map<string, T[]>()
  for (const partition of partitions) {
    const list = topics.get(partition.topic)
    if (list === undefined) topics.set(partition.topic, [partition])
    else list.push(partition)
  }
  return [...topics]
}
