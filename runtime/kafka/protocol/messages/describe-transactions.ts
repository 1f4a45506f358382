import { Api } from '../api.ts'
import { array, int16, int32, int64, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_DescribeTransactions */
export const DescribeTransactions = new Api({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexible: 0,
  request: { transactionalIds: list(string) },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    transactionStates: array({
      errorCode: int16(),
      transactionalId: string(),
      transactionState: string(),
      transactionTimeoutMs: int32(),
      transactionStartTimeMs: int64(),
      producerId: int64(),
      producerEpoch: int16(),
      topics: array({ topic: string(), partitions: list(int32) }),
    }),
  },
})
