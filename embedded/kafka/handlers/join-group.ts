import { APIS } from 'naru/protocol'
import type { ResponseInputOf } from 'naru/protocol'

import type { JoinReply } from '../groups/group-types.ts'
import { handler } from './handler.ts'

type Response = ResponseInputOf<typeof APIS.JoinGroup>

/** From this version on a new member is given its id first (KIP-394). */
const SKIPPING_FROM = 9
const MEMBER_ID_FIRST = 4

export const joinGroup = handler({
  api: APIS.JoinGroup,

  handle: (request, call) =>
    new Promise<Response>((resolve) => {
      const { sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId } = request
      call.broker.groups.join(
        request.groupId,
        {
          memberId: request.memberId,
          instanceId: groupInstanceId,
          clientId: call.clientId,
          clientHost: call.clientHost,
          protocolType: request.protocolType,
          // What is kept must not pin the request it came in.
          protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
          sessionTimeoutMs,
          rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
          knowsSkipping: call.version >= SKIPPING_FROM,
          idRequired: call.version >= MEMBER_ID_FIRST && groupInstanceId === null,
        },
        (reply) => resolve(answer(reply, call.version)),
      )
    }),

  failed: (request, errorCode) => ({
    errorCode,
    protocolName: '',
    leader: '',
    memberId: request.memberId,
    members: [],
  }),
})

function answer(reply: JoinReply, version: number): Response {
  return {
    errorCode: reply.errorCode,
    generationId: reply.generation,
    protocolType: reply.protocolType,
    protocolName: version >= 7 ? reply.protocol : (reply.protocol ?? ''),
    leader: reply.leaderId,
    memberId: reply.memberId,
    skipAssignment: reply.skipAssignment,
    members: reply.members.map(({ memberId, instanceId, metadata }) => ({
      memberId,
      groupInstanceId: instanceId,
      metadata,
    })),
  }
}
