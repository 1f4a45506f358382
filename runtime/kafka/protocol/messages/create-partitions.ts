import { Api } from '../api.ts'
import { array, bool, int16, int32, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_CreatePartitions */
export const CreatePartitions = new Api({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexible: 2,
  request: {
    topics: array({ name: string(), count: int32(), assignments: array({ brokerIds: list(int32) }, { nullable: 0 }) }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({ name: string(), errorCode: int16(), errorMessage: string({ nullable: 0, default: null }) }),
  },
})
