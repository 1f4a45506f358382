import { APIS, ErrorCode } from 'naru/protocol'

import { handler } from './handler.ts'

export const initProducerId = handler({
  api: APIS.InitProducerId,

  handle({ transactionalId, producerId, producerEpoch }, call) {
    // A transactional id needs a coordinator, and this broker has none (FindCoordinator says so too).
    if (transactionalId !== null) return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, producerEpoch: -1 }
    // A producer that lost its way asks for the next epoch of its id (KIP-360); a fresh id serves it as well.
    const { metadata } = call.broker
    const known = producerId >= 0 && producerEpoch >= 0 && producerEpoch < LAST_EPOCH
    if (known) return { errorCode: ErrorCode.NONE, producerId, producerEpoch: producerEpoch + 1 }
    return { errorCode: ErrorCode.NONE, producerId: metadata.newProducerId(), producerEpoch: 0 }
  },

  failed: (_request, errorCode) => ({ errorCode, producerEpoch: -1 }),
})

/** Epochs are int16, and the last one is not given out. */
const LAST_EPOCH = 32766
