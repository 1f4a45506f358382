/**
 * Record batches are stored as they came: the broker reads their header and writes three of its fields in place. The CRC
 * covers what follows the CRC field, so base offset and leader epoch may be set without touching it.
 */
import { ATTRIBUTES, BATCH_HEADER, crc32c } from 'naru/protocol'
import type { BatchHeader } from 'naru/protocol'

export { readBatchHeader as readHeader } from 'naru/protocol'
export type { BatchHeader } from 'naru/protocol'

export const HEADER_BYTES = BATCH_HEADER.size
/** Base offset and batch length: what precedes the bytes counted by the batch length. */
const PREFIX_BYTES = 12

/** Length on the wire of the batch at `at`, or undefined when fewer than 12 bytes are left. */
export function batchBytes(buffer: Buffer, at: number): number | undefined {
  return at + PREFIX_BYTES > buffer.length ? undefined : PREFIX_BYTES + buffer.readInt32BE(at + BATCH_HEADER.length)
}

export function isTransactional(header: BatchHeader): boolean {
  return (header.attributes & ATTRIBUTES.transactional) !== 0
}

export function isControl(header: BatchHeader): boolean {
  return (header.attributes & ATTRIBUTES.control) !== 0
}

export function setOffsetAndEpoch(batch: Buffer, baseOffset: number, leaderEpoch: number): void {
  writeInt64(batch, baseOffset, BATCH_HEADER.baseOffset)
  batch.writeInt32BE(leaderEpoch, BATCH_HEADER.leaderEpoch)
}

/** Stamps the broker's time on the whole batch (`message.timestamp.type=LogAppendTime`) and renews the CRC. */
export function setLogAppendTime(batch: Buffer, timestamp: number): void {
  const attributes = batch.readInt16BE(BATCH_HEADER.attributes)
  batch.writeInt16BE(attributes | ATTRIBUTES.logAppendTime, BATCH_HEADER.attributes)
  writeInt64(batch, timestamp, BATCH_HEADER.maxTimestamp)
  batch.writeUInt32BE(crc32c(batch.subarray(BATCH_HEADER.attributes)), BATCH_HEADER.crc)
}

export function crcMatches(batch: Buffer): boolean {
  return batch.readUInt32BE(BATCH_HEADER.crc) === crc32c(batch.subarray(BATCH_HEADER.attributes))
}

/** Offsets and timestamps are safe integers here. */
function writeInt64(buffer: Buffer, value: number, at: number): void {
  buffer.writeInt32BE(Math.floor(value / 0x1_0000_0000), at)
  buffer.writeUInt32BE(value >>> 0, at + 4)
}
