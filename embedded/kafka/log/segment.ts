/**
 * One file of a partition: batches back to back, exactly as they travel on the wire.
 *
 * File calls are synchronous on purpose: they meet the page cache, a round trip to the thread pool costs more than the
 * copy, and the broker has a thread of its own (broker-thread.ts) wherever somebody else's event loop matters.
 */
import fs from 'node:fs'
import path from 'node:path'

import { batchBytes, crcMatches, HEADER_BYTES, readHeader } from './batch-header.ts'
import type { BatchHeader } from './batch-header.ts'
import { SparseIndex } from './sparse-index.ts'

const SCAN_CHUNK = 1 << 20
/** Beyond what was asked for: the batches between an index entry and the wanted offset. */
const READ_SLACK = 32 * 1024

export interface ScannedBatch {
  readonly header: BatchHeader
  readonly position: number
}

interface SavedIndex {
  readonly size: number
  readonly nextOffset: number
  readonly maxTimestamp: number
}

export class Segment {
  readonly baseOffset: number
  readonly #path: string
  readonly #fd: number
  #index: SparseIndex | undefined
  #size: number
  #nextOffset: number
  #maxTimestamp: number
  /** Broker time of the first append since it was opened; undefined while empty. */
  firstAppendAt: number | undefined

  private constructor(file: string, fd: number, baseOffset: number) {
    this.#path = file
    this.#fd = fd
    this.baseOffset = baseOffset
    this.#size = 0
    this.#nextOffset = baseOffset
    this.#maxTimestamp = -1
  }

  static fileName(baseOffset: number): string {
    return `${String(baseOffset).padStart(20, '0')}.log`
  }

  static create(dir: string, baseOffset: number): Segment {
    const file = path.join(dir, Segment.fileName(baseOffset))
    const segment = new Segment(file, fs.openSync(file, 'w+'), baseOffset)
    segment.#index = new SparseIndex()
    return segment
  }

  /** Opens an existing file. A saved index that fits the file is trusted, otherwise the file is scanned and a torn tail cut. */
  static open(dir: string, baseOffset: number): Segment {
    const file = path.join(dir, Segment.fileName(baseOffset))
    const segment = new Segment(file, fs.openSync(file, 'r+'), baseOffset)
    const size = fs.fstatSync(segment.#fd).size
    const saved = segment.#readSavedIndex()
    if (saved?.head.size === size) {
      segment.#size = size
      segment.#nextOffset = saved.head.nextOffset
      segment.#maxTimestamp = saved.head.maxTimestamp
    } else {
      segment.#recover(size)
    }
    if (size > 0) segment.firstAppendAt = fs.fstatSync(segment.#fd).birthtimeMs
    return segment
  }

  get size(): number {
    return this.#size
  }

  /** One past the last offset. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  /** -1 when empty. */
  get maxTimestamp(): number {
    return this.#maxTimestamp
  }

  /** Time that retention counts from: the youngest record, or the file's own time when records carry none; 0 when empty. */
  get youngest(): number {
    if (this.#size === 0) return 0
    return this.#maxTimestamp >= 0 ? this.#maxTimestamp : fs.fstatSync(this.#fd).mtimeMs
  }

  /**
   * Writes whole batches; returns when the operating system has them, so that a killed process loses nothing. Throws when they did
   * not all fit; then none is part of the segment.
   */
  append(batches: readonly Buffer[], now: number): void {
    try {
      writeAll(this.#fd, batches, this.#size)
    } catch (error) {
      // What was refused must not come back at the next start.
      fs.ftruncateSync(this.#fd, this.#size)
      throw error
    }
    this.firstAppendAt ??= now
    for (const batch of batches) {
      const header = readHeader(batch, 0)
      this.#note(header, this.#size)
      this.#size += batch.length
    }
  }

  /**
   * Whole batches from the one holding `offset`, up to `maxBytes` and not past `endOffset`. With `minOne` the first
   * batch comes even when it is larger (KIP-74). Empty when the offset lies past the segment.
   */
  read(offset: number, maxBytes: number, endOffset: number, minOne: boolean): Buffer {
    const from = this.#loadedIndex().byOffset(offset)?.position ?? 0
    const chunk = this.#readAt(from, Math.min(maxBytes + READ_SLACK, this.#size - from))
    let at = 0
    let start = -1
    for (;;) {
      const bytes = batchBytes(chunk, at)
      if (bytes === undefined || at + HEADER_BYTES > chunk.length) break
      const header = readHeader(chunk, at)
      if (header.baseOffset >= endOffset) break
      if (start < 0 && header.lastOffset >= offset) {
        start = at
        if (bytes > maxBytes || at + bytes > chunk.length) return minOne ? this.#readAt(from + at, bytes) : EMPTY
      }
      if (start >= 0 && (at + bytes - start > maxBytes || at + bytes > chunk.length)) break
      at += bytes
    }
    if (start >= 0) return chunk.subarray(start, at)
    // An index entry is at most one interval and one batch away; a larger batch than the slack hid the wanted one.
    return at > 0 || chunk.length > 0 ? this.#readAfter(from + at, offset, maxBytes, endOffset, minOne) : EMPTY
  }

  /** Position of the first batch with a record at least as young as `timestamp`. */
  findTimestamp(timestamp: number): ScannedBatch | undefined {
    const from = this.#loadedIndex().byTimestamp(timestamp)?.position ?? 0
    for (const batch of this.scan(from)) if (batch.header.maxTimestamp >= timestamp) return batch
    return undefined
  }

  readBatch(batch: ScannedBatch): Buffer {
    return this.#readAt(batch.position, batch.header.bytes)
  }

  /** Headers in file order from `position`; ends at the first thing that is not a whole batch. */
  *scan(position = 0, size = this.#size): Generator<ScannedBatch> {
    let chunk: Buffer = EMPTY
    let chunkAt = position
    while (position + HEADER_BYTES <= size) {
      if (position - chunkAt + HEADER_BYTES > chunk.length) {
        chunk = this.#readAt(position, Math.min(SCAN_CHUNK, size - position))
        chunkAt = position
      }
      const header = readHeader(chunk, position - chunkAt)
      if (header.bytes < HEADER_BYTES || position + header.bytes > size) return
      yield { header, position }
      position += header.bytes
    }
  }

  /** Cuts everything from `position` on. */
  truncate(position: number): void {
    fs.ftruncateSync(this.#fd, position)
    this.#size = position
  }

  /** Leaves the index beside the log, so that the next open needs no scan. */
  saveIndex(): void {
    const head: SavedIndex = { size: this.#size, nextOffset: this.#nextOffset, maxTimestamp: this.#maxTimestamp }
    const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), this.#loadedIndex().toBytes()])
    fs.writeFileSync(this.#indexPath, bytes)
  }

  close(): void {
    fs.closeSync(this.#fd)
  }

  delete(): void {
    this.close()
    fs.rmSync(this.#path, { force: true })
    fs.rmSync(this.#indexPath, { force: true })
  }

  get #indexPath(): string {
    return this.#path.replace(/\.log$/, '.index')
  }

  #note(header: BatchHeader, position: number): void {
    this.#loadedIndex().add(header.baseOffset, position, header.maxTimestamp)
    this.#nextOffset = header.lastOffset + 1
    this.#maxTimestamp = Math.max(this.#maxTimestamp, header.maxTimestamp)
  }

  /** The index of an old segment stays on disk until somebody reads there. */
  #loadedIndex(): SparseIndex {
    this.#index ??= this.#readSavedIndex()?.index ?? new SparseIndex()
    return this.#index
  }

  #readSavedIndex(): { head: SavedIndex; index: SparseIndex } | undefined {
    if (!fs.existsSync(this.#indexPath)) return undefined
    const bytes = fs.readFileSync(this.#indexPath)
    const newline = bytes.indexOf(10)
    if (newline < 0) return undefined
    try {
      const head = JSON.parse(bytes.toString('utf8', 0, newline)) as SavedIndex
      return { head, index: SparseIndex.fromBytes(bytes.subarray(newline + 1), head.maxTimestamp) }
    } catch {
      return undefined // written halfway by a process that was killed: the scan makes a new one
    }
  }

  /** Only the bytes decide: batches are followed as long as their CRC holds, the rest is cut. */
  #recover(size: number): void {
    this.#index = new SparseIndex()
    this.#size = size
    let end = 0
    for (const batch of this.scan()) {
      if (batch.header.magic !== 2 || batch.header.baseOffset < this.#nextOffset) break
      if (!crcMatches(this.readBatch(batch))) break
      this.#note(batch.header, batch.position)
      end = batch.position + batch.header.bytes
    }
    if (end < size) this.truncate(end)
    this.#size = end
  }

  #readAfter(position: number, offset: number, maxBytes: number, endOffset: number, minOne: boolean): Buffer {
    for (const batch of this.scan(position)) {
      if (batch.header.baseOffset >= endOffset) return EMPTY
      if (batch.header.lastOffset < offset) continue
      if (batch.header.bytes <= maxBytes || minOne) return this.readBatch(batch)
      return EMPTY
    }
    return EMPTY
  }

  #readAt(position: number, length: number): Buffer {
    // Not from the shared pool: these bytes go to a socket and must not pin their neighbours.
    const buffer = Buffer.allocUnsafeSlow(Math.max(0, length))
    let done = 0
    while (done < length) {
      const read = fs.readSync(this.#fd, buffer, done, length - done, position + done)
      if (read === 0) return buffer.subarray(0, done)
      done += read
    }
    return buffer
  }
}

const EMPTY = Buffer.alloc(0)
/** Linux takes at most this many buffers in one writev. */
const MAX_VECTORS = 1024

function writeAll(fd: number, buffers: readonly Buffer[], position: number): void {
  for (let first = 0; first < buffers.length; first += MAX_VECTORS) {
    const slice = buffers.slice(first, first + MAX_VECTORS)
    const total = slice.reduce((sum, buffer) => sum + buffer.length, 0)
    const written = fs.writevSync(fd, slice, position)
    if (written < total) writeRest(fd, Buffer.concat(slice), written, position)
    position += total
  }
}

function writeRest(fd: number, bytes: Buffer, done: number, position: number): void {
  while (done < bytes.length) done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done)
}
