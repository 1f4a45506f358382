import { Api } from '../api.ts'
import { array, int16, int32, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_OffsetDelete */
export const OffsetDelete = new Api({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  request: { groupId: string(), topics: array({ name: string(), partitions: array({ partitionIndex: int32() }) }) },
  response: {
    errorCode: int16(),
    throttleTimeMs: int32({ default: 0 }),
    topics: array({ name: string(), partitions: array({ partitionIndex: int32(), errorCode: int16() }) }),
  },
})
