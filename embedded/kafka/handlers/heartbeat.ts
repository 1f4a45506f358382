import { APIS } from 'naru/protocol'

import { handler } from './handler.ts'

export const heartbeat = handler({
  api: APIS.Heartbeat,

  handle({ groupId, memberId, groupInstanceId, generationId }, call) {
    return { errorCode: call.broker.groups.heartbeat(groupId, memberId, groupInstanceId, generationId) }
  },

  failed: (_request, errorCode) => ({ errorCode }),
})
