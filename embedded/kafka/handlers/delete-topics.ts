import { APIS, ErrorCode, NIL_UUID } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type Request = RequestOf<typeof APIS.DeleteTopics>
type Answer = ResponseInputOf<typeof APIS.DeleteTopics>['responses'][number]

export const deleteTopics = handler({
  api: APIS.DeleteTopics,

  async handle(request, call) {
    const responses = named(request).map(({ name, topicId }) => removed(name, topicId, call))
    await call.broker.writes.written(call.broker.groups.offsets)
    return { responses }
  },

  failed: (request, errorCode) => ({
    responses: named(request).map(({ name, topicId }) => ({ name, topicId, errorCode })),
  }),
})

/** From version 6 on by name or id, before by name. */
function named({ topics, topicNames }: Request): readonly { readonly name: string | null; readonly topicId: string }[] {
  return [...topics, ...topicNames.map((name) => ({ name, topicId: NIL_UUID }))]
}

function removed(name: string | null, topicId: string, call: Call): Answer {
  const { topics, groups, settings } = call.broker
  if (!settings.flag('delete.topic.enable')) return { name, topicId, errorCode: ErrorCode.TOPIC_DELETION_DISABLED }
  const topic = name === null ? topics.byId(topicId) : topics.get(name)
  if (topic === undefined) {
    const errorCode = name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    const errorMessage = 'This server does not host this topic.'
    return { name, topicId, errorCode, errorMessage }
  }
  topics.delete(topic)
  groups.offsets.removeTopic(topic.name)
  return { name: topic.name, topicId: topic.id, errorCode: ErrorCode.NONE }
}
