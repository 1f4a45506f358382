import { Api } from '../api.ts'
import { array, int16, int32, int64, string, uuid } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_OffsetCommit */
export const OffsetCommit = new Api({
  key: 8,
  name: 'OffsetCommit',
  versions: [0, 10],
  flexible: 8,
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ from: 1, default: -1 }),
    memberId: string({ from: 1 }),
    groupInstanceId: string({ from: 7, nullable: 7, default: null }),
    retentionTimeMs: int64({ from: 2, to: 4, default: -1 }),
    topics: array({
      name: string({ to: 9 }),
      topicId: uuid({ from: 10 }),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ from: 6, default: -1 }),
        commitTimestamp: int64({ from: 1, to: 1, default: -1 }),
        committedMetadata: string({ nullable: 0 }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ from: 3 }),
    topics: array({
      name: string({ to: 9 }),
      topicId: uuid({ from: 10 }),
      partitions: array({ partitionIndex: int32(), errorCode: int16() }),
    }),
  },
})
