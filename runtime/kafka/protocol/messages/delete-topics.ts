import { Api } from '../api.ts'
import { array, int16, int32, list, string, uuid } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_DeleteTopics */
export const DeleteTopics = new Api({
  key: 20,
  name: 'DeleteTopics',
  versions: [0, 6],
  flexible: 4,
  request: {
    topics: array({ name: string({ nullable: 6, default: null }), topicId: uuid() }, { from: 6 }),
    topicNames: list(string, { to: 5 }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    responses: array({
      name: string({ nullable: 6 }),
      topicId: uuid({ from: 6 }),
      errorCode: int16(),
      errorMessage: string({ from: 5, nullable: 5, default: null }),
    }),
  },
})
