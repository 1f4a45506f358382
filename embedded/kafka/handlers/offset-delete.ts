import { APIS, ErrorCode } from 'naru/protocol'

import { subscribedTopics } from '../groups/subscriptions.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'

export const offsetDelete = handler({
  api: APIS.OffsetDelete,

  async handle({ groupId, topics }, call) {
    const { groups, writes } = call.broker
    const { errorCode, subscribed } = checkGroup(groupId, call)
    if (errorCode !== ErrorCode.NONE) return { errorCode, topics: [] }
    const removed: (readonly [string, number])[] = []
    const answers = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        const problem = checkPartition(name, partitionIndex, subscribed, call)
        if (problem === ErrorCode.NONE) removed.push([name, partitionIndex])
        return { partitionIndex, errorCode: problem }
      }),
    }))
    groups.offsets.remove(groupId, removed)
    await writes.written(groups.offsets)
    return { errorCode, topics: answers }
  },

  failed: (_request, errorCode) => ({ errorCode, topics: [] }),
})

const NOTHING: ReadonlySet<string> = new Set()

/** Members of a consumer group protect the topics that they read, those of another kind of group everything. */
function checkGroup(groupId: string, call: Call): { errorCode: ErrorCode; subscribed: ReadonlySet<string> } {
  const { groups } = call.broker
  const group = groups.get(groupId)
  if (group === undefined && !groups.offsets.has(groupId)) {
    return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, subscribed: NOTHING }
  }
  if (group === undefined || group.members.length === 0) return { errorCode: ErrorCode.NONE, subscribed: NOTHING }
  const subscribed = subscribedTopics(group)
  if (subscribed === undefined) return { errorCode: ErrorCode.NON_EMPTY_GROUP, subscribed: NOTHING }
  return { errorCode: ErrorCode.NONE, subscribed }
}

function checkPartition(topic: string, partition: number, subscribed: ReadonlySet<string>, call: Call): ErrorCode {
  if (call.broker.topics.partition(topic, partition) === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return subscribed.has(topic) ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE
}
