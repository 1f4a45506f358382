import { Api } from '../api.ts'
import { int16, int32, int64, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_AddOffsetsToTxn */
export const AddOffsetsToTxn = new Api({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexible: 3,
  request: { transactionalId: string(), producerId: int64(), producerEpoch: int16(), groupId: string() },
  response: { throttleTimeMs: int32({ default: 0 }), errorCode: int16() },
})
