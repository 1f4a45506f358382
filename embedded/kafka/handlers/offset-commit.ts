import { APIS, ErrorCode } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import type { OffsetCommit } from '../groups/committed-offsets.ts'
import { codes, commitOf, metadataProblem } from './committed-offset.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'
import { findTopic } from './hosted-partition.ts'

type Request = RequestOf<typeof APIS.OffsetCommit>
type Response = ResponseInputOf<typeof APIS.OffsetCommit>
type Partition = Request['topics'][number]['partitions'][number]

const TOPIC_IDS_FROM = 10

export const offsetCommit = handler({
  api: APIS.OffsetCommit,

  async handle(request, call) {
    const { groups, writes } = call.broker
    if (request.groupId === '') return answer(request, () => ErrorCode.INVALID_GROUP_ID)
    const problems = new Map<Partition, ErrorCode>()
    const commits: OffsetCommit[] = []
    for (const { name, topicId, partitions } of request.topics) {
      const topic = findTopic({ name, topicId: call.version >= TOPIC_IDS_FROM ? topicId : undefined }, call)
      for (const partition of partitions) {
        const problem = check(partition, topic?.partitions.length, call)
        if (problem !== ErrorCode.NONE) problems.set(partition, problem)
        else commits.push(commitOf(topic!.name, partition))
      }
    }
    const member = {
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      generation: request.generationIdOrMemberEpoch,
    }
    const result = groups.commit(request.groupId, member, commits)
    await writes.written(groups.offsets)
    const stored = groups.offsets.failure === undefined ? result : ErrorCode.KAFKA_STORAGE_ERROR
    return answer(request, (partition) => (stored === ErrorCode.NONE ? (problems.get(partition) ?? stored) : stored))
  },

  failed: (request, errorCode) => answer(request, () => errorCode),
})

function check(partition: Partition, partitions: number | undefined, call: Call): ErrorCode {
  if (partitions === undefined) {
    return call.version >= TOPIC_IDS_FROM ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  }
  if (partition.partitionIndex < 0 || partition.partitionIndex >= partitions)
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return metadataProblem(partition, call)
}

function answer(request: Request, errorCode: (partition: Partition) => number): Response {
  return {
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: codes(partitions, errorCode),
    })),
  }
}
