import { APIS, NIL_UUID } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import { ErrorCode } from 'naru/protocol'
import { LEADER_EPOCH } from '../log/partition-log.ts'
import { ProtocolError } from '../protocol-error.ts'
import type { Topic } from '../store/topics.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type Request = RequestOf<typeof APIS.Metadata>
type Response = ResponseInputOf<typeof APIS.Metadata>
type TopicMetadata = Response['topics'][number]

export const metadata = handler({
  api: APIS.Metadata,

  handle(request, call) {
    const { topics } = request
    // Version 0 has no null: there an empty list asks for all.
    const all = topics === null || (call.version === 0 && topics.length === 0)
    const found = all
      ? call.broker.topics.all().map((topic) => described(topic, call))
      : topics.map(({ name, topicId }) => (name === null ? byId(topicId, call) : byName(name, request, call)))
    return answer(found, call)
  },

  failed: (request, errorCode, call) =>
    answer(
      (request.topics ?? []).map(({ name, topicId }) => missing(name, topicId, errorCode)),
      call,
    ),
})

function answer(topics: readonly TopicMetadata[], call: Call): Response {
  const { nodeId, host, port } = call.node
  const { clusterId } = call.broker.metadata
  return { brokers: [{ nodeId, host, port }], clusterId, controllerId: nodeId, topics }
}

function byId(topicId: string, call: Call): TopicMetadata {
  const topic = call.broker.topics.byId(topicId)
  return topic === undefined ? missing(null, topicId, ErrorCode.UNKNOWN_TOPIC_ID) : described(topic, call)
}

function byName(name: string, request: Request, call: Call): TopicMetadata {
  const { topics, settings } = call.broker
  const topic = topics.get(name)
  if (topic !== undefined) return described(topic, call)
  const mayCreate = settings.flag('auto.create.topics.enable') && request.allowAutoTopicCreation
  if (!mayCreate) return missing(name, NIL_UUID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  try {
    return described(topics.create(name, settings.number('num.partitions')), call)
  } catch (error) {
    if (error instanceof ProtocolError) return missing(name, NIL_UUID, error.errorCode)
    throw error
  }
}

function described(topic: Topic, call: Call): TopicMetadata {
  const { node } = call
  const { controls } = call.broker
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    partitions: topic.partitions.map((_, partitionIndex) => {
      const served = controls.isServed(topic.name, partitionIndex)
      return {
        errorCode: served ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE,
        partitionIndex,
        leaderId: served ? node.nodeId : -1,
        leaderEpoch: LEADER_EPOCH,
        replicaNodes: [node.nodeId],
        isrNodes: [node.nodeId],
      }
    }),
  }
}

function missing(name: string | null, topicId: string, errorCode: number): TopicMetadata {
  return { errorCode, name, topicId, partitions: [] }
}
