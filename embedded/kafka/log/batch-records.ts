/** The records of a stored batch where they lie, without copies: for the log cleaner, which keeps some and drops others. */
import {
  ATTRIBUTES,
  BATCH_HEADER,
  COMPRESSION_CODES,
  COMPRESSION_TYPES,
  compress,
  crc32c,
  decompress,
} from 'naru/protocol'

import { HEADER_BYTES, readHeader } from './batch-header.ts'

/** One record of a batch: its key, whether it has a value, and where its bytes are. */
export interface StoredRecord {
  readonly offset: number
  /** Against the base timestamp of the batch, in ms. */
  readonly timestampDelta: number
  readonly key: Buffer | null
  readonly isTombstone: boolean
  readonly start: number
  readonly end: number
}

export class BatchRecords {
  readonly #batch: Buffer
  readonly #bytes: Buffer
  readonly all: readonly StoredRecord[]

  /** Throws when the batch is not what its header says. */
  constructor(batch: Buffer) {
    this.#batch = batch
    const compression = batch.readInt16BE(BATCH_HEADER.attributes) & ATTRIBUTES.compression
    const body = batch.subarray(HEADER_BYTES)
    this.#bytes = compression === COMPRESSION_CODES.none ? body : decompress(compression, body)
    const { baseOffset, count } = readHeader(batch, 0)
    const reader = new VarintReader(this.#bytes)
    this.all = Array.from({ length: count }, () => readRecord(reader, baseOffset))
  }

  /** The same batch with these of its records: their bytes, offsets, times and the producer's sequence stay. */
  only(kept: readonly StoredRecord[]): Buffer {
    const plain = Buffer.concat(kept.map(({ start, end }) => this.#bytes.subarray(start, end)))
    const attributes = this.#batch.readInt16BE(BATCH_HEADER.attributes)
    const type = COMPRESSION_TYPES.find((name) => COMPRESSION_CODES[name] === (attributes & ATTRIBUTES.compression))
    const body = type === undefined || type === 'none' ? plain : compress(type, plain)
    const batch = Buffer.concat([this.#batch.subarray(0, HEADER_BYTES), body])
    batch.writeInt32BE(batch.length - BATCH_HEADER.length - 4, BATCH_HEADER.length)
    batch.writeInt32BE(kept.length, BATCH_HEADER.count)
    if ((attributes & ATTRIBUTES.logAppendTime) === 0) {
      const base = batch.readBigInt64BE(BATCH_HEADER.baseTimestamp)
      const youngest = kept.reduce((most, { timestampDelta }) => Math.max(most, timestampDelta), -Infinity)
      batch.writeBigInt64BE(base + BigInt(youngest), BATCH_HEADER.maxTimestamp)
    }
    batch.writeUInt32BE(crc32c(batch.subarray(BATCH_HEADER.attributes)), BATCH_HEADER.crc)
    return batch
  }
}

function readRecord(reader: VarintReader, baseOffset: number): StoredRecord {
  const start = reader.at
  const length = reader.next()
  const end = reader.at + length
  reader.at++ // attributes of a record: unused
  const timestampDelta = reader.next()
  const offset = baseOffset + reader.next()
  const key = reader.bytes()
  const isTombstone = reader.next() < 0
  if (length < 0 || end > reader.length) throw new RangeError(`record ${offset} reaches past the end of its batch`)
  reader.at = end
  return { offset, timestampDelta, key, isTombstone, start, end }
}

/** Zigzag varints (Kafka documentation, "Record"), as safe integers. */
class VarintReader {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get length(): number {
    return this.#bytes.length
  }

  next(): number {
    let value = 0
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes[this.at++]
      if (byte === undefined) throw new RangeError('a record batch ends within a number')
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
  }

  bytes(): Buffer | null {
    const length = this.next()
    if (length < 0) return null
    const start = this.at
    this.at += length
    return this.#bytes.subarray(start, this.at)
  }
}
