import { APIS, ErrorCode } from 'naru/protocol'

import { handler } from './handler.ts'

const NO_BYTES = Buffer.alloc(0)

export const saslAuthenticate = handler({
  api: APIS.SaslAuthenticate,

  handle({ authBytes }, { sasl }) {
    if (sasl !== undefined) return sasl.authenticate(authBytes)
    const errorMessage = 'this listener asks nobody who they are'
    return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, errorMessage, authBytes: NO_BYTES }
  },

  failed: (_request, errorCode) => ({ errorCode, errorMessage: null, authBytes: NO_BYTES }),
})
