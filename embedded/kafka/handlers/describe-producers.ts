import { APIS, ErrorCode } from 'naru/protocol'

import { ProtocolError } from '../protocol-error.ts'
import { handler } from './handler.ts'
import { hostedPartition } from './hosted-partition.ts'

export const describeProducers = handler({
  api: APIS.DescribeProducers,

  handle: ({ topics }, call) => ({
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        try {
          const { log } = hostedPartition({ name, topicId: undefined }, partitionIndex, call)
          return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers: log.activeProducers }
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
