import { APIS, ErrorCode } from 'naru/protocol'
import type { RequestOf } from 'naru/protocol'

import { ProtocolError } from '../protocol-error.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type Growth = RequestOf<typeof APIS.CreatePartitions>['topics'][number]

export const createPartitions = handler({
  api: APIS.CreatePartitions,

  handle: ({ topics, validateOnly }, call) => ({
    results: topics.map((growth) => {
      try {
        grow(growth, validateOnly, call)
        return { name: growth.name, errorCode: ErrorCode.NONE, errorMessage: null }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        return { name: growth.name, errorCode: error.errorCode, errorMessage: error.message }
      }
    }),
  }),

  failed: ({ topics }, errorCode) => ({ results: topics.map(({ name }) => ({ name, errorCode })) }),
})

function grow({ name, count, assignments }: Growth, validateOnly: boolean, call: Call): void {
  const topic = call.broker.topics.get(name)
  if (topic === undefined) {
    throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.')
  }
  const current = topic.partitions.length
  if (count <= current) {
    const message =
      count === current
        ? `Topic already has ${current} partition(s).`
        : `The topic ${name} currently has ${current} partition(s); ${count} would not be an increase.`
    throw new ProtocolError(ErrorCode.INVALID_PARTITIONS, message)
  }
  if (assignments !== null && assignments.length !== count - current) {
    throw new ProtocolError(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Attempted to add ${count - current} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
    )
  }
  if (!validateOnly) call.broker.topics.grow(topic, count)
}
