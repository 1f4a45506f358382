import { APIS, ErrorCode } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import type { ProducerIdentity } from '../transactions/transaction.ts'
import { partitionKey } from '../transactions/transaction.ts'
import { fencedCode } from './fenced-code.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type Request = RequestOf<typeof APIS.AddPartitionsToTxn>
type Response = ResponseInputOf<typeof APIS.AddPartitionsToTxn>
type TopicResults = NonNullable<Response['resultsByTopicV3AndBelow']>

/** From this version on one request adds to many transactions. */
const MANY_FROM = 4
const FENCED_CODE_FROM = 2

interface Added extends ProducerIdentity {
  readonly transactionalId: string
  readonly verifyOnly: boolean
  readonly topics: Request['v3Topics']
}

export const addPartitionsToTxn = handler({
  api: APIS.AddPartitionsToTxn,

  async handle(request, call): Promise<Response> {
    const results = await Promise.all(
      transactionsOf(request, call).map(async (added) => ({
        transactionalId: added.transactionalId,
        topicResults: await add(added, call),
      })),
    )
    return response(results, ErrorCode.NONE, call)
  },

  failed(request, errorCode, call): Response {
    const results = transactionsOf(request, call).map(({ transactionalId, topics }) => ({
      transactionalId,
      topicResults: answer(topics, () => errorCode),
    }))
    return response(results, errorCode, call)
  },
})

function transactionsOf(request: Request, call: Call): readonly Added[] {
  if (call.version >= MANY_FROM) return request.transactions
  const { v3TransactionalId, v3ProducerId, v3ProducerEpoch, v3Topics } = request
  const producer = { producerId: v3ProducerId, producerEpoch: v3ProducerEpoch }
  return [{ transactionalId: v3TransactionalId, ...producer, verifyOnly: false, topics: v3Topics }]
}

function response(
  resultsByTransaction: NonNullable<Response['resultsByTransaction']>,
  errorCode: number,
  call: Call,
): Response {
  if (call.version >= MANY_FROM) return { errorCode, resultsByTransaction }
  return { resultsByTopicV3AndBelow: resultsByTransaction[0]!.topicResults }
}

/** All partitions or none: with one unknown the others are not tried. */
async function add(added: Added, call: Call): Promise<TopicResults> {
  const { transactionalId, topics, verifyOnly } = added
  const { transactions } = call.broker
  if (transactionalId === '') return answer(topics, () => ErrorCode.INVALID_REQUEST)
  const exists = (name: string, partition: number): boolean =>
    call.broker.topics.partition(name, partition) !== undefined
  if (topics.some(({ name, partitions }) => partitions.some((partition) => !exists(name, partition)))) {
    return answer(topics, (name, partition) =>
      exists(name, partition) ? ErrorCode.OPERATION_NOT_ATTEMPTED : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    )
  }
  if (verifyOnly) {
    return answer(
      topics,
      (name, partition) => transactions.produceProblem(transactionalId, added, name, partition) ?? ErrorCode.NONE,
    )
  }
  const keys = topics.flatMap(({ name, partitions }) => partitions.map((partition) => partitionKey(name, partition)))
  const errorCode = await transactions.addPartitions(transactionalId, added, keys)
  return answer(topics, () => fencedCode(errorCode, call.version, FENCED_CODE_FROM))
}

function answer(topics: Added['topics'], errorCode: (name: string, partition: number) => number): TopicResults {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorCode(name, partitionIndex),
    })),
  }))
}
