import { APIS } from 'naru/protocol'
import type { ResponseInputOf } from 'naru/protocol'

import { handler } from './handler.ts'

type Response = ResponseInputOf<typeof APIS.SyncGroup>

export const syncGroup = handler({
  api: APIS.SyncGroup,

  handle: (request, call) =>
    new Promise<Response>((resolve) => {
      call.broker.groups.sync(
        request.groupId,
        {
          memberId: request.memberId,
          instanceId: request.groupInstanceId,
          generation: request.generationId,
          protocolType: request.protocolType,
          protocol: request.protocolName,
          assignments: new Map(
            request.assignments.map(({ memberId, assignment }) => [memberId, Buffer.from(assignment)]),
          ),
        },
        ({ errorCode, protocolType, protocol, assignment }) =>
          resolve({ errorCode, protocolType, protocolName: protocol, assignment }),
      )
    }),

  failed: (_request, errorCode) => ({ errorCode, assignment: Buffer.alloc(0) }),
})
