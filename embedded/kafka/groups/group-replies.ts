import type { ErrorCode } from 'naru/protocol'

import type { JoinReply, SyncReply } from './group-types.ts'

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
