import { readInt64 } from './int64.ts'

/**
 * The 61 bytes at the head of a record batch (message format v2). All numbers big-endian; the CRC covers everything behind it,
 * so that base offset and leader epoch may change without a new sum. Source: Kafka documentation, "Record Batch".
 */
export const BATCH_HEADER = {
  baseOffset: 0, // int64
  length: 8, // int32: bytes that follow
  leaderEpoch: 12, // int32
  magic: 16, // int8
  crc: 17, // uint32
  attributes: 21, // int16
  lastOffsetDelta: 23, // int32
  baseTimestamp: 27, // int64
  maxTimestamp: 35, // int64
  producerId: 43, // int64
  producerEpoch: 51, // int16
  baseSequence: 53, // int32
  count: 57, // int32
  size: 61,
} as const

/** Base offset and length field: what the length does not count. */
export const LENGTH_PREFIX = 12

export const ATTRIBUTES = { compression: 0x07, logAppendTime: 0x08, transactional: 0x10, control: 0x20 } as const

export interface BatchHeader {
  readonly baseOffset: number
  readonly lastOffset: number
  /** On the wire, prefix included. */
  readonly bytes: number
  readonly magic: number
  readonly attributes: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly count: number
}

export function readBatchHeader(buffer: Buffer, at: number): BatchHeader {
  const baseOffset = readInt64(buffer, at)
  return {
    baseOffset,
    lastOffset: baseOffset + buffer.readInt32BE(at + BATCH_HEADER.lastOffsetDelta),
    bytes: LENGTH_PREFIX + buffer.readInt32BE(at + BATCH_HEADER.length),
    magic: buffer.readInt8(at + BATCH_HEADER.magic),
    attributes: buffer.readInt16BE(at + BATCH_HEADER.attributes),
    baseTimestamp: readInt64(buffer, at + BATCH_HEADER.baseTimestamp),
    maxTimestamp: readInt64(buffer, at + BATCH_HEADER.maxTimestamp),
    producerId: readInt64(buffer, at + BATCH_HEADER.producerId),
    producerEpoch: buffer.readInt16BE(at + BATCH_HEADER.producerEpoch),
    baseSequence: buffer.readInt32BE(at + BATCH_HEADER.baseSequence),
    count: buffer.readInt32BE(at + BATCH_HEADER.count),
  }
}
