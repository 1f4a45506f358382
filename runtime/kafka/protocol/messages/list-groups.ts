import { Api } from '../api.ts'
import { array, int16, int32, list, string } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_ListGroups */
export const ListGroups = new Api({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexible: 3,
  request: { statesFilter: list(string, { from: 4 }), typesFilter: list(string, { from: 5 }) },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string({ from: 4 }),
      groupType: string({ from: 5 }),
    }),
  },
})
