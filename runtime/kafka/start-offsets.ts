import type { ConsumerOptions } from './client-options.ts'
import type { Cluster } from './cluster.ts'
import type { FetchStart } from './fetcher.ts'
import { fetchGroupOffsets } from './group-offsets.ts'
import { KafkaError } from './kafka-errors.ts'
import { ErrorCode } from './protocol/index.ts'
import type { TopicPartition } from './topic-partition.ts'
import { partitionName } from './topic-partition.ts'

/** Committed offsets of a group, by partitionName; those of which there are none are left out. */
export async function committedOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, number>> {
  if (partitions.length === 0) return new Map()
  const found = await fetchGroupOffsets(cluster, groupId, partitions, signal)
  return new Map(found.map(({ topic, partition, offset }) => [partitionName(topic, partition), offset]))
}

/** Where to begin: what is committed, else by auto.offset.reset. Throws OFFSET_OUT_OF_RANGE when that is none. */
export function startOffsets(
  partitions: readonly TopicPartition[],
  committed: ReadonlyMap<string, number>,
  { groupId, offsetReset }: ConsumerOptions,
): readonly FetchStart[] {
  return partitions.map(({ topic, partition }) => {
    const name = partitionName(topic, partition)
    const offset = committed.get(name)
    if (offset !== undefined) return { topic, partition, offset }
    if (offsetReset !== 'none') return { topic, partition, offset: offsetReset }
    throw new KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE, `start reading ${name}`, {
      detail: `group ${groupId} has no committed offset and auto.offset.reset is none`,
    })
  })
}
