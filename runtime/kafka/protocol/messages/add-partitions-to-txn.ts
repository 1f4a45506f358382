import { Api } from '../api.ts'
import { array, bool, int16, int32, int64, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_AddPartitionsToTxn */
export const AddPartitionsToTxn = new Api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactions: array(
      {
        transactionalId: string(),
        producerId: int64(),
        producerEpoch: int16(),
        verifyOnly: bool({ default: false }),
        topics: array({ name: string(), partitions: list(int32) }),
      },
      { from: 4 },
    ),
    v3TransactionalId: string({ to: 3 }),
    v3ProducerId: int64({ to: 3 }),
    v3ProducerEpoch: int16({ to: 3 }),
    v3Topics: array({ name: string(), partitions: list(int32) }, { to: 3 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ from: 4 }),
    resultsByTransaction: array(
      {
        transactionalId: string(),
        topicResults: array({
          name: string(),
          resultsByPartition: array({ partitionIndex: int32(), partitionErrorCode: int16() }),
        }),
      },
      { from: 4 },
    ),
    resultsByTopicV3AndBelow: array(
      { name: string(), resultsByPartition: array({ partitionIndex: int32(), partitionErrorCode: int16() }) },
      { to: 3 },
    ),
  },
})
