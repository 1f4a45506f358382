import { byTopic } from './by-topic.ts'
import type { Cluster } from './cluster.ts'
import { atCoordinator, COORDINATOR_CHANNEL } from './group-offsets.ts'
import { throwOn } from './kafka-errors.ts'
import { DeleteGroups, DescribeGroups, ErrorCode, OffsetDelete } from './protocol/index.ts'
import { retrying } from './retry.ts'
import type { TopicPartition } from './topic-partition.ts'
import { partitionName } from './topic-partition.ts'

export interface GroupDescription {
  readonly groupId: string
  /** Stable, PreparingRebalance, CompletingRebalance, Empty or Dead (the group does not exist). */
  readonly state: string
  readonly protocolType: string
  readonly protocol: string
  readonly members: readonly {
    readonly memberId: string
    readonly clientId: string
    readonly host: string
    readonly metadata: Buffer
    readonly assignment: Buffer
  }[]
}

export async function deleteGroupOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  signal?: AbortSignal,
): Promise<void> {
  const doing = `delete committed offsets of group ${groupId}`
  const topics = byTopic(partitions).map(([name, list]) => ({
    name,
    partitions: list.map(({ partition }) => ({ partitionIndex: partition })),
  }))
  await retrying(cluster.options, signal, () =>
    atCoordinator(cluster, groupId, signal, async (node) => {
      const request = { groupId, topics }
      const response = await cluster.send(node, OffsetDelete, request, { channel: COORDINATOR_CHANNEL, signal })
      throwOn(response.errorCode, doing)
      for (const { name, partitions: list } of response.topics) {
        for (const { partitionIndex, errorCode } of list) {
          if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) continue
          throwOn(errorCode, `${doing} for ${partitionName(name, partitionIndex)}`)
        }
      }
    }),
  )
}

/** Nothing when there is no such group. */
export async function deleteGroup(cluster: Cluster, groupId: string, signal?: AbortSignal): Promise<void> {
  await retrying(cluster.options, signal, () =>
    atCoordinator(cluster, groupId, signal, async (node) => {
      const request = { groupsNames: [groupId] }
      const response = await cluster.send(node, DeleteGroups, request, { channel: COORDINATOR_CHANNEL, signal })
      const { errorCode } = response.results[0]!
      if (errorCode !== ErrorCode.GROUP_ID_NOT_FOUND) throwOn(errorCode, `delete group ${groupId}`)
    }),
  )
}

export async function describeGroup(
  cluster: Cluster,
  groupId: string,
  signal?: AbortSignal,
): Promise<GroupDescription> {
  return await retrying(cluster.options, signal, () =>
    atCoordinator(cluster, groupId, signal, async (node) => {
      const request = { groups: [groupId] }
      const response = await cluster.send(node, DescribeGroups, request, { channel: COORDINATOR_CHANNEL, signal })
      const group = response.groups[0]!
      // from version 6 on a group that does not exist is an error; before, a dead one
      if (group.errorCode !== ErrorCode.GROUP_ID_NOT_FOUND) throwOn(group.errorCode, `describe group ${groupId}`)
      return {
        groupId,
        state: group.errorCode === ErrorCode.NONE ? group.groupState : 'Dead',
        protocolType: group.protocolType,
        protocol: group.protocolData,
        members: group.members.map(({ memberId, clientId, clientHost, memberMetadata, memberAssignment }) => ({
          memberId,
          clientId,
          host: clientHost,
          metadata: memberMetadata,
          assignment: memberAssignment,
        })),
      }
    }),
  )
}
