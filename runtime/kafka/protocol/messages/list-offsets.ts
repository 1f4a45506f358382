import { Api } from '../api.ts'
import { array, int16, int32, int64, int8, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_ListOffsets */
export const ListOffsets = new Api({
  key: 2,
  name: 'ListOffsets',
  versions: [0, 11],
  flexible: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8({ from: 2 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32({ from: 4, default: -1 }),
        timestamp: int64(),
        maxNumOffsets: int32({ to: 0, default: 1 }),
      }),
    }),
    timeoutMs: int32({ from: 10 }),
  },
  response: {
    throttleTimeMs: int32({ from: 2 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        oldStyleOffsets: list(int64, { to: 0 }),
        timestamp: int64({ from: 1, default: -1 }),
        offset: int64({ from: 1, default: -1 }),
        leaderEpoch: int32({ from: 4, default: -1 }),
      }),
    }),
  },
})
