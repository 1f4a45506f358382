import { APIS, ErrorCode, NIL_UUID } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import { ProtocolError } from '../protocol-error.ts'
import { checkedConfig, describeTopicConfig } from '../store/config-changes.ts'
import { assertTopicName } from '../store/topics.ts'
import type { Topic } from '../store/topics.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type Request = RequestOf<typeof APIS.CreateTopics>
type NewTopic = Request['topics'][number]
type Answer = ResponseInputOf<typeof APIS.CreateTopics>['topics'][number]
type Config = Readonly<Record<string, string>>

/** "The broker's default", from version 4 on (KIP-464). */
const DEFAULT = -1

export const createTopics = handler({
  api: APIS.CreateTopics,

  handle: (request, call) => ({
    topics: request.topics.map((topic) => {
      try {
        const twice = request.topics.filter(({ name }) => name === topic.name).length > 1
        if (twice) throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'Duplicate topic name.')
        return create(topic, request.validateOnly, call)
      } catch (error) {
        if (error instanceof ProtocolError) return refused(topic.name, error.errorCode, error.message)
        throw error
      }
    }),
  }),

  failed: (request, errorCode) => ({ topics: request.topics.map(({ name }) => refused(name, errorCode, null)) }),
})

function create(topic: NewTopic, validateOnly: boolean, call: Call): Answer {
  const { topics } = call.broker
  assertTopicName(topic.name)
  if (topics.get(topic.name) !== undefined) {
    throw new ProtocolError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${topic.name}' already exists.`)
  }
  const partitions = partitionCount(topic, call)
  checkReplication(topic.replicationFactor)
  const config = checkedConfig(topic.configs.map(({ name, value }) => [name, value] as const))
  const made: Pick<Topic, 'id' | 'ownConfig'> = validateOnly
    ? { id: NIL_UUID, ownConfig: config }
    : topics.create(topic.name, partitions, config)
  return {
    name: topic.name,
    topicId: made.id,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    numPartitions: partitions,
    replicationFactor: 1,
    configs: described(made.ownConfig, call),
  }
}

function described(own: Config, call: Call): NonNullable<Answer['configs']> {
  return describeTopicConfig(own, call.broker.settings).map(({ name, value, source }) => ({
    name,
    value,
    readOnly: false,
    configSource: source,
    isSensitive: false,
  }))
}

function partitionCount(topic: NewTopic, call: Call): number {
  if (topic.assignments.length > 0) return assignedPartitions(topic, call)
  const count = topic.numPartitions === DEFAULT ? call.broker.settings.number('num.partitions') : topic.numPartitions
  if (count <= 0) throw new ProtocolError(ErrorCode.INVALID_PARTITIONS, 'Number of partitions must be larger than 0.')
  return count
}

function assignedPartitions({ assignments }: NewTopic, call: Call): number {
  const indexes = assignments.map(({ partitionIndex }) => partitionIndex).sort((a, b) => a - b)
  const consecutive = indexes.every((partition, at) => partition === at)
  const here = assignments.every(({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === call.node.nodeId)
  if (consecutive && here) return indexes.length
  throw new ProtocolError(
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    `partitions must be numbered from 0 and lie on broker ${call.node.nodeId}`,
  )
}

function checkReplication(replicationFactor: number): void {
  if (replicationFactor === DEFAULT || replicationFactor === 1) return
  const message =
    replicationFactor < 1
      ? 'Replication factor must be larger than 0.'
      : `Unable to replicate the partition ${replicationFactor} time(s): The target replication factor of ${replicationFactor} cannot be reached because only 1 broker(s) are registered.`
  throw new ProtocolError(ErrorCode.INVALID_REPLICATION_FACTOR, message)
}

function refused(name: string, errorCode: number, errorMessage: string | null): Answer {
  return { name, errorCode, errorMessage, configs: [] }
}
