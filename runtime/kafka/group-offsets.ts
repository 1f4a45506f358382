import { byTopic } from './by-topic.ts'
import type { Cluster } from './cluster.ts'
import { KafkaError, isKafkaError, needsMetadata, throwOn } from './kafka-errors.ts'
import { ErrorCode, OffsetCommit, OffsetFetch } from './protocol/index.ts'
import { retrying } from './retry.ts'
import type { PartitionOffset, TopicPartition } from './topic-partition.ts'
import { partitionName } from './topic-partition.ts'

/** From version 10 on topics go by id; 9 does all we need by name. */
const BY_NAME = 9
export const COORDINATOR_CHANNEL = 'group'

/** Who commits. Without a membership (generation -1) only an empty group takes offsets. */
export interface Membership {
  readonly generation: number
  readonly memberId: string
  readonly groupInstanceId?: string | undefined
}

export async function commitGroupOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: readonly PartitionOffset[],
  membership: Membership = { generation: -1, memberId: '' },
  signal?: AbortSignal,
): Promise<void> {
  if (offsets.length === 0) return
  const rejoinFirst = await retrying(cluster.options, signal, () =>
    atCoordinator(cluster, groupId, signal, async (node) => {
      const response = await cluster.send(
        node,
        OffsetCommit,
        {
          groupId,
          generationIdOrMemberEpoch: membership.generation,
          memberId: membership.memberId,
          groupInstanceId: membership.groupInstanceId ?? null,
          topics: byTopic(offsets).map(([name, partitions]) => ({
            name,
            partitions: partitions.map(({ partition, offset }) => ({
              partitionIndex: partition,
              committedOffset: offset,
              committedMetadata: '',
            })),
          })),
        },
        { channel: COORDINATOR_CHANNEL, limit: BY_NAME, signal },
      )
      for (const { name, partitions } of response.topics) {
        for (const { partitionIndex, errorCode } of partitions) {
          // repeating this here would wait for a rebalance that waits for the caller
          if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS)
            return new KafkaError(errorCode, `commit offsets for group ${groupId}`)
          throwOn(errorCode, `commit the offset of ${partitionName(name, partitionIndex)} for group ${groupId}`)
        }
      }
      return undefined
    }),
  )
  if (rejoinFirst !== undefined) throw rejoinFirst
}

/** The committed offsets of these partitions, or of all the group has (null). A partition without one is left out. */
export async function fetchGroupOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[] | null,
  signal?: AbortSignal,
): Promise<readonly PartitionOffset[]> {
  const topics =
    partitions === null
      ? null
      : byTopic(partitions).map(([name, list]) => ({ name, partitionIndexes: list.map(({ partition }) => partition) }))
  return await retrying(cluster.options, signal, () =>
    atCoordinator(cluster, groupId, signal, async (node) => {
      const response = await cluster.send(
        node,
        OffsetFetch,
        { groupId, topics, groups: [{ groupId, topics }], requireStable: true },
        { channel: COORDINATOR_CHANNEL, limit: BY_NAME, signal },
      )
      const group = response.groups[0] ?? response
      throwOn(group.errorCode, `read the committed offsets of group ${groupId}`)
      const found: PartitionOffset[] = []
      for (const { name, partitions: list } of group.topics) {
        for (const { partitionIndex, committedOffset, errorCode } of list) {
          if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) continue
          throwOn(errorCode, `read the committed offset of ${partitionName(name, partitionIndex)} for group ${groupId}`)
          if (committedOffset >= 0) found.push({ topic: name, partition: partitionIndex, offset: committedOffset })
        }
      }
      return found
    }),
  )
}

/** Runs against the group's coordinator, and forgets it when it turns out to be another one. */
export async function atCoordinator<T>(
  cluster: Cluster,
  groupId: string,
  signal: AbortSignal | undefined,
  action: (node: number) => Promise<T>,
): Promise<T> {
  const node = await cluster.coordinator(groupId, signal)
  try {
    return await action(node)
  } catch (error) {
    if (isKafkaError(error) && needsMetadata(error.kafkaCode)) cluster.forgetCoordinator(groupId)
    throw error
  }
}
