import { APIS } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import { ErrorCode } from 'naru/protocol'
import { isTransactional } from '../log/batch-header.ts'
import type { BatchHeader } from '../log/batch-header.ts'
import { checkBatch } from '../log/batch-rules.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { checkKeys } from '../log/record-rules.ts'
import { ProtocolError } from '../protocol-error.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'
import { hostedPartition } from './hosted-partition.ts'

type TopicData = RequestOf<typeof APIS.Produce>['topicData'][number]
type TopicAnswer = ResponseInputOf<typeof APIS.Produce>['responses'][number]
type PartitionAnswer = TopicAnswer['partitionResponses'][number]

const ACKS: readonly number[] = [0, 1, -1]
const TOPIC_IDS_FROM = 13

export const produce = handler({
  api: APIS.Produce,

  async handle(request, call) {
    const now = Date.now()
    const { writes } = call.broker
    const touched: { readonly log: PartitionLog; readonly failures: number }[] = []
    const responses = request.topicData.map((data) =>
      topicAnswer(data, ({ index, records }) => {
        if (!ACKS.includes(request.acks))
          throw new ProtocolError(ErrorCode.INVALID_REQUIRED_ACKS, `acks=${request.acks}`)
        const topicId = call.version >= TOPIC_IDS_FROM ? data.topicId : undefined
        const { topic, log } = hostedPartition({ name: data.name, topicId }, index, call)
        const { failures } = log
        const answer = appended(log, index, records, now, (header) =>
          checkTransaction(header, log, topic.name, index, request.transactionalId, call),
        )
        touched.push({ log, failures })
        return answer
      }),
    )
    // All that arrived in this turn of the event loop is written together, then everybody is answered.
    await Promise.all(touched.map(({ log }) => writes.written(log)))
    if (touched.some(({ log, failures }) => log.failures !== failures)) {
      return allRefused(request, ErrorCode.KAFKA_STORAGE_ERROR)
    }
    return request.acks === 0 ? undefined : { responses }
  },

  failed: (request, errorCode) => allRefused(request, errorCode),
})

function allRefused(request: RequestOf<typeof APIS.Produce>, errorCode: number): ResponseInputOf<typeof APIS.Produce> {
  return {
    responses: request.topicData.map((data) => topicAnswer(data, ({ index }) => refused(index, errorCode, null))),
  }
}

function topicAnswer(
  data: TopicData,
  answer: (partition: TopicData['partitionData'][number]) => PartitionAnswer,
): TopicAnswer {
  const partitionResponses = data.partitionData.map((partition) => {
    try {
      return answer(partition)
    } catch (error) {
      if (error instanceof ProtocolError) return refused(partition.index, error.errorCode, error.message)
      throw error
    }
  })
  return { name: data.name, topicId: data.topicId, partitionResponses }
}

function appended(
  log: PartitionLog,
  index: number,
  records: Buffer | null,
  now: number,
  checkAllowed: (header: BatchHeader) => void,
): PartitionAnswer {
  if (records === null) throw new ProtocolError(ErrorCode.INVALID_RECORD, 'a produce request without records')
  const header = checkBatch(records, log.config, now)
  if (log.config['cleanup.policy'].includes('compact')) checkKeys(records)
  checkAllowed(header)
  const known = header.producerId < 0 ? ({ kind: 'accepted' } as const) : log.producers.check(header)
  switch (known.kind) {
    case 'accepted': {
      const { baseOffset, logAppendTime } = log.append(records, now)
      return accepted(log, index, baseOffset, logAppendTime)
    }
    case 'duplicate':
      return accepted(log, index, known.baseOffset, -1)
    case 'out-of-order':
      throw new ProtocolError(
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        `producer ${header.producerId} sent sequence ${header.baseSequence}, expected was ${known.expected}`,
      )
    case 'old-epoch':
      throw new ProtocolError(
        ErrorCode.INVALID_PRODUCER_EPOCH,
        `producer ${header.producerId} sent epoch ${header.producerEpoch}, the last one seen is ${known.epoch}`,
      )
  }
}

/** A transactional batch needs the coordinator's leave; another of the same producer must not come in between. */
function checkTransaction(
  header: BatchHeader,
  log: PartitionLog,
  topic: string,
  partition: number,
  transactionalId: string | null,
  call: Call,
): void {
  if (!isTransactional(header)) {
    if (!log.hasOngoingTransaction(header.producerId)) return
    throw new ProtocolError(
      ErrorCode.INVALID_TXN_STATE,
      `producer ${header.producerId} has a transaction open, but sent a record batch that is not transactional`,
    )
  }
  if (transactionalId === null) {
    throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'transactional records without transactional id')
  }
  const problem = call.broker.transactions.produceProblem(transactionalId, header, topic, partition)
  if (problem !== undefined) {
    const { producerId, producerEpoch } = header
    const who = `producer ${producerId} with epoch ${producerEpoch} of ${transactionalId}`
    throw new ProtocolError(problem, `${who} may not write to ${topic}-${partition}`)
  }
}

function accepted(log: PartitionLog, index: number, baseOffset: number, logAppendTimeMs: number): PartitionAnswer {
  return { index, errorCode: ErrorCode.NONE, baseOffset, logAppendTimeMs, logStartOffset: log.startOffset }
}

function refused(index: number, errorCode: number, errorMessage: string | null): PartitionAnswer {
  return { index, errorCode, baseOffset: -1, errorMessage }
}
