/**
 * The fixed 61 bytes at the head of a record batch (message format v2), read and patched in place.
 * The CRC covers everything from the attributes on, so base offset and leader epoch may be set without touching it.
 * Source: Kafka documentation, "Record Batch".
 */
export const HEADER_BYTES = 61
/** Base offset and batch length: what precedes the bytes counted by the batch length. */
export const PREFIX_BYTES = 12
const CRC_START = 21

const TIMESTAMP_TYPE_BIT = 0x08
const TRANSACTIONAL_BIT = 0x10
const CONTROL_BIT = 0x20

export interface BatchHeader {
  readonly baseOffset: number
  /** Whole batch on the wire, prefix included. */
  readonly bytes: number
  readonly magic: number
  readonly attributes: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly count: number
}

/** Length on the wire of the batch at `at`, or undefined when fewer than 12 bytes are left. */
export function batchBytes(buffer: Buffer, at: number): number | undefined {
  return at + PREFIX_BYTES > buffer.length ? undefined : PREFIX_BYTES + buffer.readInt32BE(at + 8)
}

/** The caller made sure that `HEADER_BYTES` are there. */
export function readHeader(buffer: Buffer, at: number): BatchHeader {
  const baseOffset = readInt64(buffer, at)
  return {
    baseOffset,
    bytes: PREFIX_BYTES + buffer.readInt32BE(at + 8),
    magic: buffer.readInt8(at + 16),
    attributes: buffer.readInt16BE(at + 21),
    lastOffset: baseOffset + buffer.readInt32BE(at + 23),
    maxTimestamp: readInt64(buffer, at + 35),
    producerId: readInt64(buffer, at + 43),
    producerEpoch: buffer.readInt16BE(at + 51),
    baseSequence: buffer.readInt32BE(at + 53),
    count: buffer.readInt32BE(at + 57),
  }
}

export function isTransactional(header: BatchHeader): boolean {
  return (header.attributes & TRANSACTIONAL_BIT) !== 0
}

export function isControl(header: BatchHeader): boolean {
  return (header.attributes & CONTROL_BIT) !== 0
}

export function compressionOf(header: BatchHeader): number {
  return header.attributes & 0x07
}

export function setOffsetAndEpoch(batch: Buffer, baseOffset: number, leaderEpoch: number): void {
  writeInt64(batch, baseOffset, 0)
  batch.writeInt32BE(leaderEpoch, 12)
}

/** Stamps the broker's time on the whole batch (`message.timestamp.type=LogAppendTime`) and renews the CRC. */
export function setLogAppendTime(batch: Buffer, timestamp: number, crc32c: (bytes: Uint8Array) => number): void {
  batch.writeInt16BE(batch.readInt16BE(21) | TIMESTAMP_TYPE_BIT, 21)
  writeInt64(batch, timestamp, 35)
  batch.writeUInt32BE(crc32c(batch.subarray(CRC_START)), 17)
}

export function crcMatches(batch: Buffer, crc32c: (bytes: Uint8Array) => number): boolean {
  return batch.readUInt32BE(17) === crc32c(batch.subarray(CRC_START))
}

/** Offsets, timestamps and producer ids are safe integers here; -1 comes out right. */
function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4)
}

function writeInt64(buffer: Buffer, value: number, at: number): void {
  buffer.writeInt32BE(Math.floor(value / 0x1_0000_0000), at)
  buffer.writeUInt32BE(value >>> 0, at + 4)
}
