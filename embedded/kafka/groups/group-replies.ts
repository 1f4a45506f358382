import type { ErrorCode } from 'naru/protocol'

import type { JoinReply, SyncReply } from './group-types.ts'

export function failedJoin(errorCode: ErrorCode, memberId: string): JoinReply {
  return { errorCode, generation: -1, protocolType: null, protocol: null, leaderId: '', memberId, members: [] }
}

export function failedSync(errorCode: ErrorCode): SyncReply {
  return { errorCode, protocolType: null, protocol: null, assignment: Buffer.alloc(0) }
}
