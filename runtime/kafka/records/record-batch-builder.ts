import type { BufferPool } from './buffer-pool.ts'
import type { RecordHeader } from './fetched-record.ts'
import type { CompressionType } from './compression.ts'
import { compress, COMPRESSION_CODES } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { ATTRIBUTES, BATCH_HEADER, LENGTH_PREFIX } from './record-batch.ts'
import { writeInt64 } from './int64.ts'
import { sizeOfVarint, writeVarint } from './varint.ts'

/** Identity of an idempotent producer, stamped on a finished batch before it is sent. */
export interface ProducerStamp {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional?: boolean
}

const NO_HEADERS: readonly RecordHeader[] = []

/**
 * Writes records straight into their wire form, one copy each. `append` until full, `finish` once, then `stampBatch`.
 */
export class RecordBatchBuilder {
  #buffer: Buffer
  #length: number = BATCH_HEADER.size
  #baseTimestamp = 0
  #maxTimestamp = 0
  #count = 0
  #finished = false

  readonly #pool: BufferPool | undefined

  /** `capacity`: first allocation in bytes; grows as needed. */
  constructor(capacity = 16 * 1024, pool?: BufferPool) {
    this.#pool = pool
    this.#buffer = this.#allocate(Math.max(capacity, BATCH_HEADER.size))
  }

  get count(): number {
    return this.#count
  }

  /** Bytes on the wire so far, uncompressed. */
  get length(): number {
    return this.#length
  }

  /** `timestamp`: ms since the epoch. Key, value and header values are copied. */
  append(
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] | undefined,
    timestamp: number,
  ): void {
    if (this.#count === 0) {
      this.#baseTimestamp = timestamp
      this.#maxTimestamp = timestamp
    } else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    const delta = timestamp - this.#baseTimestamp
    const headerBytes = encodedHeaders(headers ?? NO_HEADERS)
    const body = recordBodySize(key, value, headerBytes, delta, this.#count)
    this.#reserve(body + 5)
    const buffer = this.#buffer
    let at = writeVarint(buffer, body, this.#length)
    buffer[at++] = 0 // attributes of a record: unused
    at = writeVarint(buffer, delta, at)
    at = writeVarint(buffer, this.#count, at)
    at = writeBytes(buffer, key, at)
    at = writeBytes(buffer, value, at)
    buffer.set(headerBytes, at)
    this.#length = at + headerBytes.length
    this.#count++
  }

  /** The whole batch but for the producer's identity and the CRC: `stampBatch` sets these. */
  finish(compression: CompressionType = 'none'): Buffer {
    if (this.#finished) throw new Error('batch finished twice')
    this.#finished = true
    let batch = this.#buffer.subarray(0, this.#length)
    if (compression !== 'none') {
      const packed = compress(compression, batch.subarray(BATCH_HEADER.size))
      batch = Buffer.concat([batch.subarray(0, BATCH_HEADER.size), packed])
    }
    writeInt64(batch, 0, BATCH_HEADER.baseOffset)
    batch.writeInt32BE(batch.length - LENGTH_PREFIX, BATCH_HEADER.length)
    batch.writeInt32BE(-1, BATCH_HEADER.leaderEpoch)
    batch.writeInt8(2, BATCH_HEADER.magic)
    batch.writeInt16BE(COMPRESSION_CODES[compression], BATCH_HEADER.attributes)
    batch.writeInt32BE(this.#count - 1, BATCH_HEADER.lastOffsetDelta)
    writeInt64(batch, this.#baseTimestamp, BATCH_HEADER.baseTimestamp)
    writeInt64(batch, this.#maxTimestamp, BATCH_HEADER.maxTimestamp)
    batch.writeInt32BE(this.#count, BATCH_HEADER.count)
    return batch
  }

  /** The finished bytes are no longer needed by anybody: their memory may serve another batch. */
  release(): void {
    this.#pool?.give(this.#buffer)
  }

  #allocate(size: number): Buffer {
    return this.#pool?.take(size) ?? Buffer.allocUnsafeSlow(size)
  }

  #reserve(size: number): void {
    const need = this.#length + size
    if (need <= this.#buffer.length) return
    const grown = this.#allocate(Math.max(need, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#pool?.give(this.#buffer)
    this.#buffer = grown
  }
}

const NO_PRODUCER: ProducerStamp = { producerId: -1, producerEpoch: -1, baseSequence: -1 }

/** Writes the producer's identity into a finished batch and sets the CRC. */
export function stampBatch(batch: Buffer, stamp: ProducerStamp = NO_PRODUCER): Buffer {
  let attributes = batch.readInt16BE(BATCH_HEADER.attributes) & ~ATTRIBUTES.transactional
  if (stamp.transactional === true) attributes |= ATTRIBUTES.transactional
  batch.writeInt16BE(attributes, BATCH_HEADER.attributes)
  writeInt64(batch, stamp.producerId, BATCH_HEADER.producerId)
  batch.writeInt16BE(stamp.producerEpoch, BATCH_HEADER.producerEpoch)
  batch.writeInt32BE(stamp.baseSequence, BATCH_HEADER.baseSequence)
  batch.writeUInt32BE(crc32c(batch.subarray(BATCH_HEADER.attributes)), BATCH_HEADER.crc)
  return batch
}

/** An upper bound of what one record adds to a batch, bytes. */
export function recordSizeBound(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: readonly RecordHeader[] = NO_HEADERS,
): number {
  const fixed = 1 + 5 + 10 + 5 + 5 + 5 + 5
  const headerBytes = headers.length === 0 ? 0 : encodedHeaders(headers).length
  return fixed + headerBytes + (key === null ? 0 : key.length) + (value === null ? 0 : value.length)
}

function recordBodySize(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: Uint8Array,
  timestampDelta: number,
  offsetDelta: number,
): number {
  let size = 1 + sizeOfVarint(timestampDelta) + sizeOfVarint(offsetDelta) + headers.length
  size += key === null ? 1 : sizeOfVarint(key.length) + key.length
  size += value === null ? 1 : sizeOfVarint(value.length) + value.length
  return size
}

function writeBytes(buffer: Buffer, bytes: Uint8Array | null, at: number): number {
  if (bytes === null) {
    buffer[at] = 1 // −1 in zigzag
    return at + 1
  }
  const start = writeVarint(buffer, bytes.length, at)
  buffer.set(bytes, start)
  return start + bytes.length
}

/** Of no headers: the count 0. */
const EMPTY: Buffer = Buffer.from([0])
/** Frozen arrays are shared by many records (a source's constant headers): they are encoded once. */
const shared = new WeakMap<readonly RecordHeader[], Buffer>()
/** Mostly the same as those of the record before. */
let lastHeaders: readonly RecordHeader[] | undefined
let lastEncoded: Buffer = EMPTY

function encodedHeaders(headers: readonly RecordHeader[]): Buffer {
  if (headers.length === 0) return EMPTY
  if (headers === lastHeaders) return lastEncoded
  if (!Object.isFrozen(headers)) return encodeHeaders(headers)
  let encoded = shared.get(headers)
  if (encoded === undefined) shared.set(headers, (encoded = encodeHeaders(headers)))
  lastHeaders = headers
  lastEncoded = encoded
  return encoded
}

function encodeHeaders(headers: readonly RecordHeader[]): Buffer {
  let bound = 5
  for (const { key, value } of headers) bound += 10 + key.length * 3 + (value?.length ?? 0)
  const buffer = Buffer.allocUnsafe(bound)
  let at = writeVarint(buffer, headers.length, 0)
  for (const header of headers) {
    at = writeVarint(buffer, Buffer.byteLength(header.key), at)
    at += buffer.utf8Write(header.key, at)
    at = writeBytes(buffer, header.value, at)
  }
  return buffer.subarray(0, at)
}
