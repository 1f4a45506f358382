import { APIS, ErrorCode } from 'naru/protocol'

import { handler } from './handler.ts'

export const initProducerId = handler({
  api: APIS.InitProducerId,

  /** A producer without transactional id gets a fresh id each time it asks, as on any Kafka broker. */
  handle({ transactionalId }, call) {
    // A transactional id needs a coordinator, and this broker has none; see FindCoordinator.
    if (transactionalId !== null) return { errorCode: ErrorCode.UNSUPPORTED_VERSION, producerEpoch: -1 }
    return { errorCode: ErrorCode.NONE, producerId: call.broker.metadata.newProducerId(), producerEpoch: 0 }
  },

  failed: (_request, errorCode) => ({ errorCode, producerEpoch: -1 }),
})
