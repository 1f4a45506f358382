import { APIS } from 'naru/protocol'
import type { ResponseInputOf } from 'naru/protocol'

import { ErrorCode } from 'naru/protocol'
import { LEADER_EPOCH } from '../log/partition-log.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { firstRecordAt } from '../log/record-rules.ts'
import { ProtocolError } from '../protocol-error.ts'
import { handler } from './handler.ts'
import { hostedPartition } from './hosted-partition.ts'

type PartitionAnswer = ResponseInputOf<typeof APIS.ListOffsets>['topics'][number]['partitions'][number]

/** Isolation level: up to the last stable offset. */
const READ_COMMITTED = 1
/** Timestamps with a meaning of their own. */
const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
/** Tiered storage: all records are local here, so the local log starts where the log does, and no tiered one ends. */
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5

export const listOffsets = handler({
  api: APIS.ListOffsets,

  handle: (request, call) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp }) => {
        try {
          const { log } = hostedPartition({ name, topicId: undefined }, partitionIndex, call)
          return { partitionIndex, ...found(log, timestamp, request.isolationLevel) }
        } catch (error) {
          if (error instanceof ProtocolError) return { partitionIndex, errorCode: error.errorCode }
          throw error
        }
      }),
    })),
  }),

  failed: (request, errorCode) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
})

function found(log: PartitionLog, timestamp: number, isolationLevel: number): Omit<PartitionAnswer, 'partitionIndex'> {
  const at = (offset: number, time = -1): Omit<PartitionAnswer, 'partitionIndex'> => ({
    errorCode: ErrorCode.NONE,
    oldStyleOffsets: [offset],
    timestamp: time,
    offset,
    leaderEpoch: offset < 0 ? -1 : LEADER_EPOCH,
  })
  const end = isolationLevel === READ_COMMITTED ? log.lastStableOffset : log.highWatermark
  switch (timestamp) {
    case LATEST:
      return at(end)
    case EARLIEST:
    case EARLIEST_LOCAL:
      return at(log.startOffset)
    case LATEST_TIERED:
      return at(-1)
    default: {
      const time = timestamp === MAX_TIMESTAMP ? log.maxTimestamp : timestamp
      const batch = time < 0 ? undefined : log.batchAtTimestamp(time)
      const record = batch === undefined ? undefined : firstRecordAt(batch, time, log.startOffset)
      return record === undefined || record.offset >= end ? at(-1) : at(record.offset, record.timestamp)
    }
  }
}
