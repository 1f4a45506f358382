import { Api } from '../api.ts'
import { array, bool, int16, int32, int64, list, string, uuid } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_OffsetFetch */
export const OffsetFetch = new Api({
  key: 9,
  name: 'OffsetFetch',
  versions: [0, 10],
  flexible: 6,
  request: {
    groupId: string({ to: 7 }),
    topics: array({ name: string(), partitionIndexes: list(int32) }, { to: 7, nullable: 2 }),
    groups: array(
      {
        groupId: string(),
        memberId: string({ from: 9, nullable: 9, default: null }),
        memberEpoch: int32({ from: 9, default: -1 }),
        topics: array(
          { name: string({ to: 9 }), topicId: uuid({ from: 10 }), partitionIndexes: list(int32) },
          { nullable: 8 },
        ),
      },
      { from: 8 },
    ),
    requireStable: bool({ from: 7 }),
  },
  response: {
    throttleTimeMs: int32({ from: 3 }),
    topics: array(
      {
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ from: 5, default: -1 }),
          metadata: string({ nullable: 0 }),
          errorCode: int16(),
        }),
      },
      { to: 7 },
    ),
    errorCode: int16({ from: 2, to: 7 }),
    groups: array(
      {
        groupId: string(),
        topics: array({
          name: string({ to: 9 }),
          topicId: uuid({ from: 10 }),
          partitions: array({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ default: -1 }),
            metadata: string({ nullable: 8 }),
            errorCode: int16(),
          }),
        }),
        errorCode: int16({ default: 0 }),
      },
      { from: 8 },
    ),
  },
})
