import { ConnectError } from '../../api/errors.ts'
import { decompress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import type { FetchedRecord, RecordHeader, TimestampType } from './fetched-record.ts'
import type { BatchHeader } from './record-batch.ts'
import { ATTRIBUTES, BATCH_HEADER, LENGTH_PREFIX, readBatchHeader } from './record-batch.ts'

/** The bytes of a batch are damaged or not what the format says. Reading again may help (a bad read), skipping would lose records. */
export class CorruptBatchError extends ConnectError {}

export interface ReadOptions {
  readonly topic: string
  readonly partition: number
  /** Records before this offset are left out: a batch may begin before the offset that was asked for. */
  readonly from: number
  /** `check.crcs` */
  readonly checkCrc: boolean
  /** Sees every batch. Answer true to leave out its records (an aborted transaction); its offsets still count as read. */
  readonly skip?: (header: BatchHeader) => boolean
}

export interface ReadResult {
  readonly records: readonly FetchedRecord[]
  /** Where to fetch next: behind the last whole batch, control batches included; `from` when there was none. */
  readonly nextOffset: number
}

/** Reads the whole batches at the front of `bytes`; a batch cut off at the end (the broker's size limit) is left for the next fetch. */
export function readBatches(bytes: Buffer, options: ReadOptions): ReadResult {
  const records: FetchedRecord[] = []
  let nextOffset = options.from
  for (let at = 0; at + BATCH_HEADER.size <= bytes.length;) {
    const header = readBatchHeader(bytes, at)
    if (header.magic !== 2) throw corrupt(options, header, `message format ${header.magic} is not supported`)
    if (header.bytes < BATCH_HEADER.size) throw corrupt(options, header, `length ${header.bytes}`)
    const end = at + header.bytes
    if (end > bytes.length) break
    if (options.checkCrc) {
      const expected = bytes.readUInt32BE(at + BATCH_HEADER.crc)
      const found = crc32c(bytes.subarray(at + BATCH_HEADER.attributes, end))
      if (found !== expected) throw corrupt(options, header, `CRC is ${found}, the batch says ${expected}`)
    }
    const skipped = options.skip?.(header) === true
    if (!skipped && (header.attributes & ATTRIBUTES.control) === 0)
      readRecords(bytes, at + BATCH_HEADER.size, end, header, options, records)
    nextOffset = Math.max(nextOffset, header.lastOffset + 1)
    at = end
  }
  return { records, nextOffset }
}

/** Length on the wire of the batch at the front of `bytes`, or undefined when even that is not there yet. */
export function firstBatchBytes(bytes: Buffer): number | undefined {
  return bytes.length < LENGTH_PREFIX ? undefined : LENGTH_PREFIX + bytes.readInt32BE(BATCH_HEADER.length)
}

function readRecords(
  bytes: Buffer,
  start: number,
  end: number,
  header: BatchHeader,
  options: ReadOptions,
  records: FetchedRecord[],
): void {
  const compression = header.attributes & ATTRIBUTES.compression
  const timestampType = header.attributes & ATTRIBUTES.logAppendTime ? 'LogAppendTime' : 'CreateTime'
  const cursor = new Cursor(bytes, start, end)
  if (compression !== 0) {
    try {
      const plain = decompress(compression, bytes.subarray(start, end))
      cursor.reset(plain, 0, plain.length)
    } catch (error) {
      throw corrupt(options, header, 'records cannot be decompressed', error)
    }
  }
  for (let i = 0; i < header.count; i++) {
    const size = cursor.varint()
    const next = cursor.at + size
    if (size < 0 || next > cursor.end) throw corrupt(options, header, `record ${i} reaches past the end`)
    cursor.at++ // attributes of a record: unused
    const timestamp = header.baseTimestamp + cursor.varint()
    const offset = header.baseOffset + cursor.varint()
    if (offset >= options.from) {
      const key = cursor.bytes()
      const value = cursor.bytes()
      records.push(
        new BatchRecord(
          options.topic,
          options.partition,
          offset,
          timestampType === 'LogAppendTime' ? header.maxTimestamp : timestamp,
          timestampType,
          key,
          value,
          cursor.buffer,
          cursor.at,
        ),
      )
    }
    cursor.at = next
  }
}

function corrupt(options: ReadOptions, header: BatchHeader, why: string, cause?: unknown): CorruptBatchError {
  return new CorruptBatchError(
    `record batch of ${options.topic}-${options.partition} at offset ${header.baseOffset} is damaged: ${why}`,
    cause === undefined ? {} : { cause },
  )
}

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([])

class BatchRecord implements FetchedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: TimestampType
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly #buffer: Buffer
  readonly #headersAt: number

  constructor(
    topic: string,
    partition: number,
    offset: number,
    timestamp: number,
    timestampType: TimestampType,
    key: Buffer | null,
    value: Buffer | null,
    buffer: Buffer,
    headersAt: number,
  ) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestamp = timestamp
    this.timestampType = timestampType
    this.key = key
    this.value = value
    this.#buffer = buffer
    this.#headersAt = headersAt
  }

  get headers(): readonly RecordHeader[] {
    if (this.#buffer[this.#headersAt] === 0) return NO_HEADERS
    const cursor = new Cursor(this.#buffer, this.#headersAt, this.#buffer.length)
    return Array.from({ length: cursor.varint() }, () => ({
      key: cursor.bytes()!.toString('utf8'),
      value: cursor.bytes(),
    }))
  }
}

class Cursor {
  buffer: Buffer
  at: number
  end: number

  constructor(buffer: Buffer, at: number, end: number) {
    this.buffer = buffer
    this.at = at
    this.end = end
  }

  reset(buffer: Buffer, at: number, end: number): void {
    this.buffer = buffer
    this.at = at
    this.end = end
  }

  /** Zigzag; a safe integer. */
  varint(): number {
    const buffer = this.buffer
    let byte = buffer[this.at++]!
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 0x7f
    let factor = 0x80
    do {
      byte = buffer[this.at++]!
      value += (byte & 0x7f) * factor
      factor *= 0x80
    } while (byte >= 0x80)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  bytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    const start = this.at
    this.at = start + length
    return this.buffer.subarray(start, this.at)
  }
}
