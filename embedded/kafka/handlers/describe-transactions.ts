import { APIS, ErrorCode } from 'naru/protocol'

import { topicPartitionOf } from '../transactions/transaction.ts'
import { handler } from './handler.ts'

export const describeTransactions = handler({
  api: APIS.DescribeTransactions,

  handle: ({ transactionalIds }, call) => ({
    transactionStates: transactionalIds.map((transactionalId) => {
      if (transactionalId === '') return refused(transactionalId, ErrorCode.INVALID_REQUEST)
      const found = call.broker.transactions.get(transactionalId)
      if (found === undefined) return refused(transactionalId, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
      const partitions = [...found.partitions].map(topicPartitionOf)
      return {
        errorCode: ErrorCode.NONE,
        transactionalId,
        transactionState: found.state,
        transactionTimeoutMs: found.timeoutMs,
        transactionStartTimeMs: found.startedAt,
        producerId: found.producerId,
        producerEpoch: found.producerEpoch,
        topics: [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, list]) => ({
          topic,
          partitions: list.map(({ partition }) => partition),
        })),
      }
    }),
  }),

  failed: ({ transactionalIds }, errorCode) => ({
    transactionStates: transactionalIds.map((transactionalId) => refused(transactionalId, errorCode)),
  }),
})

function refused(transactionalId: string, errorCode: number) {
  return {
    ...{ errorCode, transactionalId, transactionState: '', transactionTimeoutMs: 0, transactionStartTimeMs: 0 },
    ...{ producerId: 0, producerEpoch: 0, topics: [] },
  }
}
