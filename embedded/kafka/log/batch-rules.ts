/** What a produced batch must fulfil before it becomes part of a log; each refusal has the code that clients rely on. */
import { ErrorCode } from 'naru/protocol'
import { ProtocolError } from '../protocol-error.ts'
import type { TopicConfig } from '../store/topic-config.ts'
import { batchBytes, crcMatches, HEADER_BYTES, isControl, isTransactional, readHeader } from './batch-header.ts'
import type { BatchHeader } from './batch-header.ts'

/** Checks the one batch that a produce request carries for a partition, without looking at its records. */
export function checkBatch(batch: Buffer, config: TopicConfig, now: number): BatchHeader {
  const bytes = batchBytes(batch, 0)
  if (bytes === undefined || batch.length < HEADER_BYTES || bytes < HEADER_BYTES || bytes > batch.length) {
    throw new ProtocolError(ErrorCode.CORRUPT_MESSAGE, 'the record batch is shorter than it says')
  }
  const header = readHeader(batch, 0)
  if (header.magic !== 2) {
    const code = ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT
    throw new ProtocolError(code, `record batches have message format 2, not ${header.magic}`)
  }
  if (bytes !== batch.length) throw invalid('Produce requests must have exactly one record batch per partition')
  if (bytes > config['max.message.bytes']) {
    const limit = config['max.message.bytes']
    throw new ProtocolError(
      ErrorCode.MESSAGE_TOO_LARGE,
      `The record batch size is ${bytes} bytes, which exceeds the maximum configured value of ${limit}.`,
    )
  }
  if (!crcMatches(batch)) {
    throw new ProtocolError(ErrorCode.CORRUPT_MESSAGE, 'the CRC of the record batch does not match its content')
  }
  if (header.count <= 0 || header.lastOffset - header.baseOffset + 1 !== header.count) {
    throw invalid(
      `the record batch counts ${header.count} records and ${header.lastOffset - header.baseOffset + 1} offsets`,
    )
  }
  if (isControl(header)) throw invalid('Clients are not allowed to write control records')
  if (isTransactional(header) && header.producerId < 0)
    throw invalid('a transactional record batch without producer id')
  if (header.producerId >= 0 && (header.producerEpoch < 0 || header.baseSequence < 0)) {
    throw invalid('an idempotent record batch without epoch or sequence')
  }
  checkTime(header, config, now)
  return header
}

function checkTime(header: BatchHeader, config: TopicConfig, now: number): void {
  const { maxTimestamp } = header
  if (config['message.timestamp.type'] === 'LogAppendTime' || maxTimestamp < 0) return
  const early = now - maxTimestamp > config['message.timestamp.before.max.ms']
  const late = maxTimestamp - now > config['message.timestamp.after.max.ms']
  if (early || late) {
    throw new ProtocolError(
      ErrorCode.INVALID_TIMESTAMP,
      `Timestamp ${maxTimestamp} of the batch is out of range of the topic's message.timestamp limits.`,
    )
  }
}

function invalid(why: string): ProtocolError {
  return new ProtocolError(ErrorCode.INVALID_RECORD, why)
}
