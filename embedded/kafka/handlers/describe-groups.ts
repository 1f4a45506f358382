import { APIS, ErrorCode } from 'naru/protocol'
import type { ResponseInputOf } from 'naru/protocol'

import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type GroupAnswer = ResponseInputOf<typeof APIS.DescribeGroups>['groups'][number]

/** From this version on a group that does not exist is an error; before it is described as dead (KIP-1043). */
const NOT_FOUND_FROM = 6

export const describeGroups = handler({
  api: APIS.DescribeGroups,

  handle: ({ groups }, call) => ({ groups: groups.map((groupId) => described(groupId, call)) }),

  failed: ({ groups }, errorCode) => ({ groups: groups.map((groupId) => without(groupId, errorCode, '')) }),
})

function described(groupId: string, call: Call): GroupAnswer {
  const { groups } = call.broker
  const group = groups.get(groupId)
  if (group === undefined && groups.offsets.has(groupId)) return without(groupId, ErrorCode.NONE, 'Empty')
  if (group === undefined) {
    if (call.version < NOT_FOUND_FROM) return without(groupId, ErrorCode.NONE, 'Dead')
    const errorMessage = `Group ${groupId} not found.`
    return { ...without(groupId, ErrorCode.GROUP_ID_NOT_FOUND, 'Dead'), errorMessage }
  }
  // Assignments mean something only once the group agreed on them.
  const stable = group.state === 'Stable'
  return {
    errorCode: ErrorCode.NONE,
    groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: stable ? (group.protocol ?? '') : '',
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: stable ? group.metadataOf(member) : Buffer.alloc(0),
      memberAssignment: stable ? member.assignment : Buffer.alloc(0),
    })),
  }
}

function without(groupId: string, errorCode: number, groupState: string): GroupAnswer {
  return { errorCode, groupId, groupState, protocolType: '', protocolData: '', members: [] }
}
