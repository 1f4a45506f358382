import { APIS, ErrorCode } from 'naru/protocol'

import { handler } from './handler.ts'

/** From this version on several members leave at once, each with an answer of its own (KIP-345). */
const MANY_FROM = 3

export const leaveGroup = handler({
  api: APIS.LeaveGroup,

  handle({ groupId, memberId, members }, call) {
    const { groups } = call.broker
    if (call.version < MANY_FROM) return { errorCode: groups.leave(groupId, memberId, null) }
    if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID }
    return {
      errorCode: ErrorCode.NONE,
      members: members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        errorCode: groups.leave(groupId, member.memberId, member.groupInstanceId),
      })),
    }
  },

  failed: (_request, errorCode) => ({ errorCode }),
})
