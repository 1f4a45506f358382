import { Api } from '../api.ts'
import { int16, int32, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_Heartbeat */
export const Heartbeat = new Api({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexible: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ from: 3, nullable: 3, default: null }),
  },
  response: { throttleTimeMs: int32({ from: 1 }), errorCode: int16() },
})
