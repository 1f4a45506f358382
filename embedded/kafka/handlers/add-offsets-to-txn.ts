import { APIS, ErrorCode } from 'naru/protocol'

import { fencedCode } from './fenced-code.ts'
import { handler } from './handler.ts'

const FENCED_CODE_FROM = 2

export const addOffsetsToTxn = handler({
  api: APIS.AddOffsetsToTxn,

  async handle({ transactionalId, groupId, ...producer }, call) {
    if (transactionalId === '') return { errorCode: ErrorCode.INVALID_REQUEST }
    const errorCode = await call.broker.transactions.addOffsets(transactionalId, producer, groupId)
    return { errorCode: fencedCode(errorCode, call.version, FENCED_CODE_FROM) }
  },

  failed: (_request, errorCode) => ({ errorCode }),
})
