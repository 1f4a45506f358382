import { APIS, ErrorCode } from 'naru/protocol'

import { fencedCode } from './fenced-code.ts'
import { handler } from './handler.ts'

const FENCED_CODE_FROM = 2

export const endTxn = handler({
  // Version 5 is the protocol in which the end of a transaction changes the epoch (KIP-890): not this one.
  api: APIS.EndTxn,

  async handle({ transactionalId, committed, ...producer }, call) {
    if (transactionalId === '') return { errorCode: ErrorCode.INVALID_REQUEST }
    const errorCode = await call.broker.transactions.end(transactionalId, producer, committed)
    return { errorCode: fencedCode(errorCode, call.version, FENCED_CODE_FROM) }
  },

  failed: (_request, errorCode) => ({ errorCode }),
})
