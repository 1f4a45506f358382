import { ErrorCode } from 'naru/protocol'

import type { GroupView, JoinReply, Member, SyncReply } from './group-types.ts'

export function failedJoin(errorCode: ErrorCode, memberId: string): JoinReply {
  const nothing = {
    generation: -1,
    protocolType: null,
    protocol: null,
    leaderId: '',
    skipAssignment: false,
    members: [],
  }
  return { ...nothing, errorCode, memberId }
}

export function failedSync(errorCode: ErrorCode): SyncReply {
  return { errorCode, protocolType: null, protocol: null, assignment: Buffer.alloc(0) }
}

/** `leads`: who is the leader is told so, and gets the members; `skips`: but does not assign anew. */
export function joinedReply(group: GroupView, member: Member, leads: boolean, skips: boolean): JoinReply {
  const { generation, protocolType, protocol, members } = group
  const isLeader = leads && member.memberId === group.leaderId
  // A static leader that came back and knows no better takes its old assignment as a follower would; nobody assigns anew.
  const leaderId = isLeader || member.memberId !== group.leaderId ? group.leaderId : null
  return {
    ...{ errorCode: ErrorCode.NONE, generation, protocolType, protocol },
    leaderId: leaderId ?? '',
    memberId: member.memberId,
    skipAssignment: skips && isLeader,
    members: isLeader
      ? members.map((m) => ({ memberId: m.memberId, instanceId: m.instanceId, metadata: group.metadataOf(m) }))
      : [],
  }
}

export function syncedReply({ protocolType, protocol }: GroupView, { assignment }: Member): SyncReply {
  return { errorCode: ErrorCode.NONE, protocolType, protocol, assignment }
}
