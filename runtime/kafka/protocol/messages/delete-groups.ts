import { Api } from '../api.ts'
import { array, int16, int32, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_DeleteGroups */
export const DeleteGroups = new Api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexible: 2,
  request: { groupsNames: list(string) },
  response: { throttleTimeMs: int32({ default: 0 }), results: array({ groupId: string(), errorCode: int16() }) },
})
