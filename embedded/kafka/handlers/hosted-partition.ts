import { ErrorCode } from 'naru/protocol'
import type { PartitionLog } from '../log/partition-log.ts'
import { ProtocolError } from '../protocol-error.ts'
import type { Topic } from '../store/topics.ts'
import type { Call } from './handler.ts'

/** From the version on that names topics by id; `name` before it. */
export interface TopicRef {
  readonly name: string
  readonly topicId: string | undefined
}

export function findTopic({ name, topicId }: TopicRef, call: Call): Topic | undefined {
  return topicId === undefined ? call.broker.topics.get(name) : call.broker.topics.byId(topicId)
}

/** The log that a client reads or writes, or the refusal that makes it look for the leader. */
export function hostedPartition(
  ref: TopicRef,
  partition: number,
  call: Call,
): { readonly topic: Topic; readonly log: PartitionLog } {
  const topic = findTopic(ref, call)
  if (topic === undefined && ref.topicId !== undefined) {
    throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_ID, 'This server does not host this topic ID.')
  }
  const log = topic?.partitions[partition]
  if (topic === undefined || log === undefined) {
    const message = 'This server does not host this topic-partition.'
    throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message)
  }
  if (!call.broker.controls.isServed(topic.name, partition)) {
    throw new ProtocolError(ErrorCode.NOT_LEADER_OR_FOLLOWER, 'This server is not the leader of the partition.')
  }
  return { topic, log }
}
