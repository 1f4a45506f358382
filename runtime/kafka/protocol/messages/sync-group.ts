import { Api } from '../api.ts'
import { array, bytes, int16, int32, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_SyncGroup */
export const SyncGroup = new Api({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ from: 3, nullable: 3, default: null }),
    protocolType: string({ from: 5, nullable: 5, default: null }),
    protocolName: string({ from: 5, nullable: 5, default: null }),
    assignments: array({ memberId: string(), assignment: bytes() }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: int16(),
    protocolType: string({ from: 5, nullable: 5, default: null }),
    protocolName: string({ from: 5, nullable: 5, default: null }),
    assignment: bytes(),
  },
})
