import { byTopic } from './by-topic.ts'
import type { Cluster } from './cluster.ts'
import { KafkaError, throwOn } from './kafka-errors.ts'
import { ErrorCode, ListOffsets } from './protocol/index.ts'
import { retrying } from './retry.ts'
import type { PartitionOffset, TopicPartition } from './topic-partition.ts'
import { partitionName } from './topic-partition.ts'

/** ListOffsets' stand-ins for a timestamp. */
const LATEST = -1
const EARLIEST = -2

export type OffsetSpec = 'earliest' | 'latest' | number

/**
 * The offset of each partition at its beginning, its end, or of the first record at or after a timestamp (ms; -1 when there is none).
 * `readCommitted`: the end is the last stable offset.
 */
export async function listOffsets(
  cluster: Cluster,
  partitions: readonly (TopicPartition & { readonly at: OffsetSpec })[],
  options: { readonly readCommitted?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly PartitionOffset[]> {
  if (partitions.length === 0) return []
  const { signal } = options
  const topics = [...new Set(partitions.map(({ topic }) => topic))]
  let fresh = topics.every((topic) => cluster.topic(topic) !== undefined)
  return await retrying(cluster.options, signal, async () => {
    if (!fresh) await cluster.refresh(topics, { signal })
    fresh = false
    const answers = await Promise.all(
      [...byLeader(cluster, partitions)].map(([leader, list]) => ask(cluster, leader, list, options)),
    )
    return answers.flat()
  })
}

function byLeader<T extends TopicPartition>(
  cluster: Cluster,
  partitions: readonly T[],
): ReadonlyMap<number, readonly T[]> {
  const leaders = new Map<number, T[]>()
  for (const each of partitions) {
    const info = cluster.topic(each.topic)
    const leader = info?.partitions[each.partition]?.leader
    if (leader === undefined) {
      const code = info === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.LEADER_NOT_AVAILABLE
      throw new KafkaError(code, `read offsets of ${partitionName(each.topic, each.partition)}`)
    }
    leaders.set(leader, [...(leaders.get(leader) ?? []), each])
  }
  return leaders
}

async function ask(
  cluster: Cluster,
  leader: number,
  partitions: readonly (TopicPartition & { readonly at: OffsetSpec })[],
  options: { readonly readCommitted?: boolean; readonly signal?: AbortSignal | undefined },
): Promise<readonly PartitionOffset[]> {
  const response = await cluster.send(
    leader,
    ListOffsets,
    {
      replicaId: -1,
      isolationLevel: options.readCommitted === true ? 1 : 0,
      topics: byTopic(partitions).map(([name, list]) => ({
        name,
        partitions: list.map(({ partition, at }) => ({ partitionIndex: partition, timestamp: timestampOf(at) })),
      })),
      timeoutMs: cluster.options.requestTimeoutMs,
    },
    { signal: options.signal },
  )
  return response.topics.flatMap(({ name, partitions: list }) =>
    list.map(({ partitionIndex, errorCode, offset }) => {
      throwOn(errorCode, `read offsets of ${partitionName(name, partitionIndex)}`)
      return { topic: name, partition: partitionIndex, offset }
    }),
  )
}

function timestampOf(at: OffsetSpec): number {
  if (at === 'earliest') return EARLIEST
  return at === 'latest' ? LATEST : at
}
