import { APIS, ErrorCode } from 'naru/protocol'

import { handler } from './handler.ts'

/** Version 0 goes on with messages that are no requests; clients since Kafka 1.0 ask for 1. */
const WRAPPED_FROM = 1

export const saslHandshake = handler({
  api: APIS.SaslHandshake,

  handle({ mechanism }, { sasl, version }) {
    if (sasl === undefined || version < WRAPPED_FROM) return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] }
    return { errorCode: sasl.choose(mechanism), mechanisms: sasl.mechanisms }
  },

  failed: (_request, errorCode) => ({ errorCode, mechanisms: [] }),
})
