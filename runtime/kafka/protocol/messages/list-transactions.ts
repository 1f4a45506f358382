import { Api } from '../api.ts'
import { array, int16, int32, int64, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_ListTransactions */
export const ListTransactions = new Api({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexible: 0,
  request: {
    stateFilters: list(string),
    producerIdFilters: list(int64),
    durationFilter: int64({ from: 1, default: -1 }),
    transactionalIdPattern: string({ from: 2, nullable: 2, default: null }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    unknownStateFilters: list(string),
    transactionStates: array({ transactionalId: string(), producerId: int64(), transactionState: string() }),
  },
})
