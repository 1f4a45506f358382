import { APIS } from 'naru/protocol'

import { handler } from './handler.ts'

export const deleteGroups = handler({
  api: APIS.DeleteGroups,

  async handle({ groupsNames }, call) {
    const { groups, writes } = call.broker
    const results = groupsNames.map((groupId) => ({ groupId, errorCode: groups.delete(groupId) }))
    await writes.written(groups.offsets)
    return { results }
  },

  failed: ({ groupsNames }, errorCode) => ({ results: groupsNames.map((groupId) => ({ groupId, errorCode })) }),
})
