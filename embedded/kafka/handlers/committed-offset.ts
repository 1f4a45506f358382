/** What OffsetCommit and TxnOffsetCommit have in common: one offset of their requests. */
import { ErrorCode } from 'naru/protocol'

import type { OffsetCommit } from '../groups/committed-offsets.ts'
import type { Call } from './handler.ts'

interface CommittedOffset {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

export function metadataProblem({ committedMetadata }: CommittedOffset, call: Call): ErrorCode {
  const limit = call.broker.settings.number('offset.metadata.max.bytes')
  return (committedMetadata?.length ?? 0) > limit ? ErrorCode.OFFSET_METADATA_TOO_LARGE : ErrorCode.NONE
}

export function commitOf(topic: string, committed: CommittedOffset): OffsetCommit {
  const { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata } = committed
  return {
    topic,
    partition: partitionIndex,
    offset: committedOffset,
    leaderEpoch: committedLeaderEpoch,
    metadata: committedMetadata ?? '',
  }
}

/** One code per partition, in the form of the answer. */
export function codes<P extends { readonly partitionIndex: number }>(
  partitions: readonly P[],
  errorCode: (partition: P) => number,
): { readonly partitionIndex: number; readonly errorCode: number }[] {
  return partitions.map((partition) => ({
    partitionIndex: partition.partitionIndex,
    errorCode: errorCode(partition),
  }))
}
