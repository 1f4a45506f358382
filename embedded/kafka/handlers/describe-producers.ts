import { APIS, ErrorCode } from 'naru/protocol'

import { ProtocolError } from '../protocol-error.ts'
import { handler } from './handler.ts'
import { hostedPartition } from './hosted-partition.ts'

/** Not kept per producer: the coordinator of a lone broker never changes. */
const COORDINATOR_EPOCH = -1

export const describeProducers = handler({
  api: APIS.DescribeProducers,

  handle: ({ topics }, call) => ({
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        try {
          const { log } = hostedPartition({ name, topicId: undefined }, partitionIndex, call)
          const activeProducers = log.activeProducers.map((producer) => ({
            ...producer,
            coordinatorEpoch: COORDINATOR_EPOCH,
          }))
          return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers }
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          return { partitionIndex, errorCode: error.errorCode, errorMessage: error.message, activeProducers: [] }
        }
      }),
    })),
  }),

  failed: ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode, activeProducers: [] })),
    })),
  }),
})
