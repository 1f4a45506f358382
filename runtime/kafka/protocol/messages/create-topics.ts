import { Api } from '../api.ts'
import { array, bool, int16, int32, int8, list, string, uuid } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_CreateTopics */
export const CreateTopics = new Api({
  key: 19,
  name: 'CreateTopics',
  versions: [0, 7],
  flexible: 5,
  request: {
    topics: array({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array({ partitionIndex: int32(), brokerIds: list(int32) }),
      configs: array({ name: string(), value: string({ nullable: 0 }) }),
    }),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: bool({ from: 1 }),
  },
  response: {
    throttleTimeMs: int32({ from: 2 }),
    topics: array({
      name: string(),
      topicId: uuid({ from: 7 }),
      errorCode: int16(),
      errorMessage: string({ from: 1, nullable: 0 }),
      topicConfigErrorCode: int16({ from: 5, tag: 0 }),
      numPartitions: int32({ from: 5, default: -1 }),
      replicationFactor: int16({ from: 5, default: -1 }),
      configs: array(
        {
          name: string(),
          value: string({ nullable: 5 }),
          readOnly: bool(),
          configSource: int8({ default: -1 }),
          isSensitive: bool(),
        },
        { from: 5, nullable: 5 },
      ),
    }),
  },
})
