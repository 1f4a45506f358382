import { Api } from '../api.ts'
import { int16, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_SaslHandshake */
export const SaslHandshake = new Api({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  request: { mechanism: string() },
  response: { errorCode: int16(), mechanisms: list(string) },
})
