import { APIS, ErrorCode } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type Request = RequestOf<typeof APIS.FindCoordinator>
type Response = ResponseInputOf<typeof APIS.FindCoordinator>

const GROUP = 0
const TRANSACTION = 1
const NOWHERE = { nodeId: -1, host: '', port: -1 }

export const findCoordinator = handler({
  api: APIS.FindCoordinator,

  handle(request, call) {
    if (request.keyType === GROUP || request.keyType === TRANSACTION) return answer(request, ErrorCode.NONE, null, call)
    return answer(request, ErrorCode.INVALID_REQUEST, `key type ${request.keyType} has no coordinator here`, call)
  },

  failed: (request, errorCode, call) => answer(request, errorCode, null, call),
})

function answer(request: Request, errorCode: number, errorMessage: string | null, call: Call): Response {
  const { nodeId, host, port } = errorCode === ErrorCode.NONE ? call.node : NOWHERE
  const one = { nodeId, host, port, errorCode, errorMessage }
  return { ...one, coordinators: request.coordinatorKeys.map((key) => ({ key, ...one })) }
}
