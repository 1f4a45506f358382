import { APIS, ErrorCode } from 'naru/protocol'

import { ProtocolError } from '../protocol-error.ts'
import { handler } from './handler.ts'
import { hostedPartition } from './hosted-partition.ts'

/** "Everything there is now". */
const HIGH_WATERMARK = -1

export const deleteRecords = handler({
  api: APIS.DeleteRecords,

  handle: ({ topics }, call) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        try {
          const { log } = hostedPartition({ name, topicId: undefined }, partitionIndex, call)
          const before = offset === HIGH_WATERMARK ? log.highWatermark : offset
          if (before < 0 || before > log.highWatermark) {
            throw new ProtocolError(ErrorCode.OFFSET_OUT_OF_RANGE, `offset ${before} is past ${log.highWatermark}`)
          }
          log.deleteRecordsBefore(before)
          return { partitionIndex, lowWatermark: log.startOffset, errorCode: ErrorCode.NONE }
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          return { partitionIndex, lowWatermark: -1, errorCode: error.errorCode }
        }
      }),
    })),
  }),

  failed: ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: -1, errorCode })),
    })),
  }),
})
