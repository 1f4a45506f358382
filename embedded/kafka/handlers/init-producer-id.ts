import { APIS, ErrorCode } from 'naru/protocol'

import { fencedCode } from './fenced-code.ts'
import { handler } from './handler.ts'

const FENCED_CODE_FROM = 4

export const initProducerId = handler({
  api: APIS.InitProducerId,

  /** A producer without transactional id gets a fresh id each time it asks, as on any Kafka broker. */
  async handle({ transactionalId, transactionTimeoutMs, producerId, producerEpoch }, call) {
    const { metadata, transactions } = call.broker
    if (transactionalId === null) {
      return { errorCode: ErrorCode.NONE, producerId: metadata.newProducerId(), producerEpoch: 0 }
    }
    const expected = producerId >= 0 ? { producerId, producerEpoch } : undefined
    const result = await transactions.initProducerId({ transactionalId, timeoutMs: transactionTimeoutMs, expected })
    return { ...result, errorCode: fencedCode(result.errorCode, call.version, FENCED_CODE_FROM) }
  },

  failed: (_request, errorCode) => ({ errorCode, producerEpoch: -1 }),
})
