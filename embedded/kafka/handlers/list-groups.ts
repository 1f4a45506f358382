import { APIS, ErrorCode } from 'naru/protocol'

import { handler } from './handler.ts'

const CLASSIC = 'Classic'

export const listGroups = handler({
  api: APIS.ListGroups,

  handle({ statesFilter, typesFilter }, call) {
    const { groups } = call.broker
    const states = lowerCase(statesFilter)
    const types = lowerCase(typesFilter)
    const all = groups.groupIds().map((groupId) => {
      const group = groups.get(groupId)
      const protocolType = group?.protocolType ?? ''
      return { groupId, protocolType, groupState: group?.state ?? 'Empty', groupType: CLASSIC }
    })
    return {
      errorCode: ErrorCode.NONE,
      groups: all.filter((one) => admits(states, one.groupState) && admits(types, one.groupType)),
    }
  },

  failed: (_request, errorCode) => ({ errorCode, groups: [] }),
})

function lowerCase(values: readonly string[]): ReadonlySet<string> {
  return new Set(values.map((value) => value.toLowerCase()))
}

/** An empty filter lets all through. */
function admits(filter: ReadonlySet<string>, value: string): boolean {
  return filter.size === 0 || filter.has(value.toLowerCase())
}
