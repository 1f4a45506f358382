import { APIS, ErrorCode } from 'naru/protocol'
import type { RequestOf } from 'naru/protocol'

import { markerBatch } from '../log/control-batch.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { ProtocolError } from '../protocol-error.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'
import { hostedPartition } from './hosted-partition.ts'

type Marker = RequestOf<typeof APIS.WriteTxnMarkers>['markers'][number]

/**
 * Ends transactions in partitions past their coordinator, as between Kafka's own brokers. Here it is the tool of operators that asks,
 * for a transaction that hangs because no coordinator knows of it (KIP-664).
 */
export const writeTxnMarkers = handler({
  api: APIS.WriteTxnMarkers,

  /** Everything is appended before the first wait: what goes into one file is one write. */
  async handle({ markers }, call) {
    return {
      markers: await Promise.all(
        markers.map(async (marker) => ({
          producerId: marker.producerId,
          topics: await Promise.all(
            marker.topics.map(async ({ name, partitionIndexes }) => ({
              name,
              partitions: await Promise.all(partitionIndexes.map((index) => write(marker, name, index, call))),
            })),
          ),
        })),
      ),
    }
  },

  failed: ({ markers }, errorCode) => ({
    markers: markers.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode })),
      })),
    })),
  }),
})

async function write(
  marker: Marker,
  name: string,
  partitionIndex: number,
  call: Call,
): Promise<{ readonly partitionIndex: number; readonly errorCode: number }> {
  try {
    const { log } = hostedPartition({ name, topicId: undefined }, partitionIndex, call)
    const { failures } = log
    append(marker, log)
    await call.broker.writes.written(log)
    const errorCode = log.failures === failures ? ErrorCode.NONE : ErrorCode.KAFKA_STORAGE_ERROR
    return { partitionIndex, errorCode }
  } catch (error) {
    if (error instanceof ProtocolError) return { partitionIndex, errorCode: error.errorCode }
    throw error
  }
}

function append(marker: Marker, log: PartitionLog): void {
  const { producerId, producerEpoch, coordinatorEpoch, transactionResult } = marker
  const check = log.producers.checkMarker(marker)
  switch (check) {
    case 'accepted': {
      const now = Date.now()
      const type = transactionResult ? 'commit' : 'abort'
      log.append(markerBatch({ producerId, producerEpoch, coordinatorEpoch, type }, now), now)
      return
    }
    case 'old-epoch':
      throw new ProtocolError(ErrorCode.INVALID_PRODUCER_EPOCH, `producer ${producerId} has a newer epoch`)
    case 'old-coordinator':
      throw new ProtocolError(ErrorCode.TRANSACTION_COORDINATOR_FENCED, `a newer coordinator wrote for ${producerId}`)
  }
}
