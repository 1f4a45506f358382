import { Api } from '../api.ts'
import { array, bool, int16, int32, int64, int8, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_WriteTxnMarkers */
export const WriteTxnMarkers = new Api({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [1, 2],
  flexible: 1,
  request: {
    markers: array({
      producerId: int64(),
      producerEpoch: int16(),
      transactionResult: bool(),
      topics: array({ name: string(), partitionIndexes: list(int32) }),
      coordinatorEpoch: int32(),
      transactionVersion: int8({ from: 2, default: 0 }),
    }),
  },
  response: {
    markers: array({
      producerId: int64(),
      topics: array({ name: string(), partitions: array({ partitionIndex: int32(), errorCode: int16() }) }),
    }),
  },
})
