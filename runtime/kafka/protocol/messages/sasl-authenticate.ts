import { Api } from '../api.ts'
import { bytes, int16, int64, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_SaslAuthenticate */
export const SaslAuthenticate = new Api({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexible: 2,
  request: { authBytes: bytes() },
  response: {
    errorCode: int16(),
    errorMessage: string({ nullable: 0 }),
    authBytes: bytes(),
    sessionLifetimeMs: int64({ from: 1 }),
  },
})
