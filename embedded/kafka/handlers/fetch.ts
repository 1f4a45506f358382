import { APIS } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import { ErrorCode } from 'naru/protocol'
import { nextAppend } from '../log/append-wait.ts'
import type { AbortedTransaction } from '../log/log-transactions.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { ProtocolError } from '../protocol-error.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'
import { hostedPartition } from './hosted-partition.ts'

type Request = RequestOf<typeof APIS.Fetch>
type Response = ResponseInputOf<typeof APIS.Fetch>
type TopicAnswer = Response['responses'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

/** What a client gets in one answer at most, whatever it asks for (Kafka: fetch.max.bytes of the broker). */
const MAX_BYTES = 55 * 1024 * 1024
const TOPIC_IDS_FROM = 13
const READ_COMMITTED = 1

interface Reading {
  readonly responses: readonly TopicAnswer[]
  readonly bytes: number
  readonly failed: boolean
  readonly logs: readonly PartitionLog[]
}

export const fetch = handler({
  api: APIS.Fetch,

  async handle(request, call) {
    // Without fetch sessions (KIP-227): id 0 in every answer tells the client to name all its partitions each time.
    if (request.sessionId !== 0) return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] }
    const deadline = performance.now() + request.maxWaitMs
    for (;;) {
      const reading = readAll(request, call)
      const timeoutMs = deadline - performance.now()
      const enough = reading.bytes >= request.minBytes || reading.failed || reading.logs.length === 0
      if (enough || timeoutMs <= 0 || call.closed.aborted) return { responses: reading.responses }
      await nextAppend({ logs: reading.logs, timeoutMs, signal: call.closed })
    }
  },

  failed: (request, errorCode) => ({
    errorCode,
    responses: request.topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => refused(partition, errorCode)),
    })),
  }),
})

function readAll(request: Request, call: Call): Reading {
  const logs: PartitionLog[] = []
  let bytes = 0
  let failed = false
  const responses = request.topics.map(({ topic, topicId, partitions }): TopicAnswer => {
    const ref = { name: topic, topicId: call.version >= TOPIC_IDS_FROM ? topicId : undefined }
    return {
      topic,
      topicId,
      partitions: partitions.map(({ partition, fetchOffset, partitionMaxBytes }) => {
        try {
          const { log } = hostedPartition(ref, partition, call)
          const room = Math.min(partitionMaxBytes, Math.min(request.maxBytes, MAX_BYTES) - bytes)
          const committed = request.isolationLevel === READ_COMMITTED
          const limit = committed ? log.lastStableOffset : log.highWatermark
          const records = log.read(fetchOffset, room, bytes === 0, limit)
          for (const chunk of records) bytes += chunk.length
          logs.push(log)
          return read(partition, log, records, committed ? log.abortedTransactions(fetchOffset, limit) : null)
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          failed = true
          return refused(partition, error.errorCode)
        }
      }),
    }
  })
  return { responses, bytes, failed, logs }
}

function read(
  partitionIndex: number,
  log: PartitionLog,
  records: readonly Buffer[],
  abortedTransactions: readonly AbortedTransaction[] | null,
): PartitionAnswer {
  const { highWatermark, lastStableOffset, startOffset } = log
  return {
    ...{ partitionIndex, errorCode: ErrorCode.NONE, highWatermark, lastStableOffset, logStartOffset: startOffset },
    ...{ abortedTransactions, records },
  }
}

function refused(partitionIndex: number, errorCode: number): PartitionAnswer {
  return { partitionIndex, errorCode, highWatermark: -1, abortedTransactions: null, records: [] }
}
