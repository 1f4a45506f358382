import type { Cluster } from './cluster.ts'
import { COORDINATOR_CHANNEL, atCoordinator } from './group-offsets.ts'
import { throwOn } from './kafka-errors.ts'
import { DescribeGroups, ErrorCode, LeaveGroup } from './protocol/index.ts'
import { retrying } from './retry.ts'

/**
 * Has a dynamic member leave its group, as it would itself: the group goes on without it at once. What it still sends as a member is refused.
 * False when the group did not know it (any more).
 */
export async function removeMember(
  cluster: Cluster,
  member: { readonly groupId: string; readonly memberId: string; readonly reason: string },
  signal?: AbortSignal,
): Promise<boolean> {
  const { groupId, memberId, reason } = member
  return await retrying(cluster.options, signal, () =>
    atCoordinator(cluster, groupId, signal, async (node) => {
      const request = { groupId, memberId, members: [{ memberId, groupInstanceId: null, reason }] }
      const response = await cluster.send(node, LeaveGroup, request, { channel: COORDINATOR_CHANNEL, signal })
      const codes = [response.errorCode, ...response.members.map(({ errorCode }) => errorCode)]
      if (codes.includes(ErrorCode.UNKNOWN_MEMBER_ID)) return false
      for (const code of codes) throwOn(code, `remove ${memberId} from group ${groupId}`)
      return true
    }),
  )
}

/** Removes every dynamic member with this client id; answers how many there were. */
export async function removeMembersOfClient(
  cluster: Cluster,
  group: { readonly groupId: string; readonly clientId: string; readonly reason: string },
  signal?: AbortSignal,
): Promise<number> {
  const { groupId, clientId, reason } = group
  const members = await retrying(cluster.options, signal, () =>
    atCoordinator(cluster, groupId, signal, async (node) => {
      const options = { channel: COORDINATOR_CHANNEL, signal }
      const response = await cluster.send(node, DescribeGroups, { groups: [groupId] }, options)
      const described = response.groups[0]!
      if (described.errorCode === ErrorCode.GROUP_ID_NOT_FOUND) return []
      throwOn(described.errorCode, `describe group ${groupId}`)
      return described.members.filter((member) => member.clientId === clientId && member.groupInstanceId === null)
    }),
  )
  let removed = 0
  for (const { memberId } of members) if (await removeMember(cluster, { groupId, memberId, reason }, signal)) removed++
  return removed
}
