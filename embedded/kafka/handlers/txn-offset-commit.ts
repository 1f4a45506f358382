import { APIS, ErrorCode } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import type { OffsetCommit } from '../groups/committed-offsets.ts'
import { codes, commitOf, metadataProblem } from './committed-offset.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type Request = RequestOf<typeof APIS.TxnOffsetCommit>
type Response = ResponseInputOf<typeof APIS.TxnOffsetCommit>
type Partition = Request['topics'][number]['partitions'][number]

export const txnOffsetCommit = handler({
  api: APIS.TxnOffsetCommit,

  async handle(request, call): Promise<Response> {
    const { groups, writes, transactions } = call.broker
    const { transactionalId, groupId, producerId } = request
    if (groupId === '') return answer(request, () => ErrorCode.INVALID_GROUP_ID)
    const fenced = transactions.offsetsProblem(transactionalId, request, groupId)
    if (fenced !== undefined) return answer(request, () => fenced)
    const problems = new Map<Partition, ErrorCode>()
    const commits: OffsetCommit[] = []
    for (const { name, partitions } of request.topics) {
      for (const partition of partitions) {
        const problem = check(name, partition, call)
        if (problem !== ErrorCode.NONE) problems.set(partition, problem)
        else commits.push(commitOf(name, partition))
      }
    }
    const { memberId, groupInstanceId: instanceId, generationId: generation } = request
    const result = groups.commitPending(groupId, { memberId, instanceId, generation }, producerId, commits)
    await writes.written(groups.offsets)
    const stored = groups.offsets.failure === undefined ? result : ErrorCode.COORDINATOR_NOT_AVAILABLE
    return answer(request, (partition) => (stored === ErrorCode.NONE ? (problems.get(partition) ?? stored) : stored))
  },

  failed: (request, errorCode) => answer(request, () => errorCode),
})

function check(topic: string, partition: Partition, call: Call): ErrorCode {
  const exists = call.broker.topics.partition(topic, partition.partitionIndex) !== undefined
  return exists ? metadataProblem(partition, call) : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}

function answer(request: Request, errorCode: (partition: Partition) => number): Response {
  return {
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: codes(partitions, errorCode),
    })),
  }
}
