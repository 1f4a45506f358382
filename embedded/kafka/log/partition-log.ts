/**
 * One partition: an ordered list of segments, the last one written to.
 *
 * startOffset ≤ highWatermark ≤ endOffset. Appends move endOffset at once; the high watermark follows when the bytes
 * were handed to the operating system, and only then is a producer answered and a consumer served.
 */
import fs from 'node:fs'
import path from 'node:path'

import type { Logger } from 'naru/api'

import { ErrorCode } from 'naru/protocol'
import { ProtocolError } from '../protocol-error.ts'
import type { TopicConfig } from '../store/topic-config.ts'
import { readJsonFile, writeFileAtomically } from '../store/durable-file.ts'
import { readHeader, setLogAppendTime, setOffsetAndEpoch } from './batch-header.ts'
import { recoverProducers, saveProducers } from './producer-recovery.ts'
import type { ProducerStates } from './producer-states.ts'
import { Segment } from './segment.ts'
import type { LogTail, TailCache } from './tail-cache.ts'
import type { Flushable } from './write-turn.ts'

export interface PartitionLogOptions {
  readonly dir: string
  readonly config: TopicConfig
  readonly tail: TailCache
  readonly logger: Logger
}

export interface Appended {
  readonly baseOffset: number
  /** -1 unless the topic stamps records with the broker's time. */
  readonly logAppendTime: number
}

/** A lone broker leads every partition since for ever. */
export const LEADER_EPOCH = 0
const START_OFFSET_FILE = 'start-offset.json'

export class PartitionLog implements Flushable {
  readonly dir: string
  readonly #logger: Logger
  readonly #tail: LogTail
  readonly #segments: Segment[]
  #config: TopicConfig
  #producers: ProducerStates
  #startOffset: number
  #endOffset: number
  #highWatermark: number
  #pending: Buffer[] = []
  #pendingBytes = 0
  #failure: Error | undefined
  #closed = false
  readonly #readers = new Set<() => void>()

  private constructor(
    options: PartitionLogOptions,
    segments: Segment[],
    startOffset: number,
    producers: ProducerStates,
  ) {
    this.dir = options.dir
    this.#config = options.config
    this.#logger = options.logger
    this.#tail = options.tail.open()
    this.#segments = segments
    this.#producers = producers
    this.#endOffset = this.#highWatermark = segments.at(-1)!.nextOffset
    this.#startOffset = Math.min(Math.max(startOffset, segments[0]!.baseOffset), this.#endOffset)
  }

  /** Opens or creates the folder. After a kill only the last segment is scanned; it alone can be torn. */
  static open(options: PartitionLogOptions): PartitionLog {
    fs.mkdirSync(options.dir, { recursive: true })
    const bases = fs
      .readdirSync(options.dir)
      .filter((name) => /^\d{20}\.log$/.test(name))
      .map((name) => Number(name.slice(0, 20)))
      .sort((a, b) => a - b)
    const startOffset =
      readJsonFile<{ startOffset: number }>(path.join(options.dir, START_OFFSET_FILE))?.startOffset ?? 0
    const segments =
      bases.length === 0
        ? [Segment.create(options.dir, startOffset)]
        : bases.map((base) => Segment.open(options.dir, base))
    const producers = recoverProducers(options.dir, segments)
    return new PartitionLog(options, segments, startOffset, producers)
  }

  get startOffset(): number {
    return this.#startOffset
  }

  /** One past the last record that is safe from a kill of this process. */
  get highWatermark(): number {
    return this.#highWatermark
  }

  /** One past the last record appended. */
  get endOffset(): number {
    return this.#endOffset
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.size, this.#pendingBytes)
  }

  get producers(): ProducerStates {
    return this.#producers
  }

  set config(config: TopicConfig) {
    this.#config = config
  }

  get config(): TopicConfig {
    return this.#config
  }

  /** Why nothing can be written any more (disk full, folder gone); undefined while all is well. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Takes over `batch`, validated by the caller, and gives it its place. Written with the next flush(). */
  append(batch: Buffer, now: number): Appended {
    this.#assertUsable()
    const own = standalone(batch)
    const baseOffset = this.#endOffset
    setOffsetAndEpoch(own, baseOffset, LEADER_EPOCH)
    const stamped = this.#config['message.timestamp.type'] === 'LogAppendTime'
    if (stamped) setLogAppendTime(own, now)
    const header = readHeader(own, 0)
    this.#rollWhenFull(own.length, now)
    this.#pending.push(own)
    this.#pendingBytes += own.length
    this.#endOffset = header.lastOffset + 1
    if (header.producerId >= 0) this.#producers.record(header, baseOffset, now)
    return { baseOffset, logAppendTime: stamped ? now : -1 }
  }

  flush(): void {
    if (this.#pending.length === 0 || this.#failure !== undefined) return
    const batches = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    try {
      this.#active.append(batches, Date.now())
    } catch (error) {
      this.#fail(error)
      return
    }
    for (const bytes of batches) {
      const header = readHeader(bytes, 0)
      this.#tail.add({ baseOffset: header.baseOffset, lastOffset: header.lastOffset, bytes })
    }
    this.#highWatermark = this.#active.nextOffset
    this.#wakeReaders()
  }

  /** Whole batches from the one holding `offset`. Throws OFFSET_OUT_OF_RANGE; empty at the end. */
  read(offset: number, maxBytes: number, minOne: boolean): Buffer[] {
    this.#assertUsable()
    if (offset < this.#startOffset || offset > this.#highWatermark) {
      throw new ProtocolError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `offset ${offset} is outside ${this.#startOffset}..${this.#highWatermark}`,
      )
    }
    if (offset === this.#highWatermark || (maxBytes <= 0 && !minOne)) return []
    const cached = this.#tail.read(offset, maxBytes, this.#highWatermark, minOne)
    if (cached !== undefined) return cached
    for (let at = this.#segmentOf(offset); at < this.#segments.length; at++) {
      const bytes = this.#segments[at]!.read(offset, maxBytes, this.#highWatermark, minOne)
      if (bytes.length > 0) return [bytes]
      if (offset < this.#segments[at]!.nextOffset) return []
    }
    return []
  }

  /** Calls `wake` at the next flush; the returned function takes it back. */
  onAppend(wake: () => void): () => void {
    this.#readers.add(wake)
    return () => this.#readers.delete(wake)
  }

  /** The first batch with a record at least as young as `timestamp`, as stored. */
  batchAtTimestamp(timestamp: number): Buffer | undefined {
    for (const segment of this.#segments) {
      if (segment.maxTimestamp < timestamp) continue
      const batch = segment.findTimestamp(timestamp)
      if (batch !== undefined) return segment.readBatch(batch)
    }
    return undefined
  }

  /** Greatest timestamp in the log, -1 when empty. */
  get maxTimestamp(): number {
    return Math.max(...this.#segments.map((segment) => segment.maxTimestamp))
  }

  /** Moves the start; durable before it returns. `offset` must not lie past the high watermark. */
  deleteRecordsBefore(offset: number): void {
    this.#assertUsable()
    if (offset <= this.#startOffset) return
    this.#startOffset = offset
    writeFileAtomically(path.join(this.dir, START_OFFSET_FILE), JSON.stringify({ startOffset: offset }))
    if (this.#active.nextOffset <= offset && this.#active.size > 0) this.#roll()
    this.#dropSegments((segment) => segment.nextOffset <= offset)
  }

  /** Drops segments by `retention.ms` and `retention.bytes`, and silent producers. */
  applyRetention(now: number, producerExpirationMs: number): void {
    if (this.#failure !== undefined || this.#closed) return
    this.#producers.expire(now - producerExpirationMs)
    const { 'cleanup.policy': policy, 'retention.ms': retentionMs, 'retention.bytes': retentionBytes } = this.#config
    if (!policy.split(',').includes('delete')) return
    if (retentionMs >= 0) {
      const deadline = now - retentionMs
      if (this.#active.size > 0 && this.#pending.length === 0 && this.#active.youngest < deadline) this.#roll()
      this.#dropSegments((segment) => segment.youngest < deadline)
    }
    if (retentionBytes >= 0) {
      let excess = this.bytes - retentionBytes
      this.#dropSegments((segment) => (excess -= segment.size) >= 0)
    }
  }

  /** Writes what is pending and leaves indexes, so that the next start is quick. */
  close(): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    if (this.#failure === undefined && fs.existsSync(this.dir)) {
      this.#active.saveIndex()
      saveProducers(this.dir, this.#highWatermark, this.#producers)
    }
    for (const segment of this.#segments) segment.close()
    this.#tail.clear()
    this.#wakeReaders()
  }

  get #active(): Segment {
    return this.#segments.at(-1)!
  }

  #rollWhenFull(bytes: number, now: number): void {
    const size = this.#active.size + this.#pendingBytes
    if (size === 0) return
    const age = now - (this.#active.firstAppendAt ?? now)
    if (size + bytes > this.#config['segment.bytes'] || age > this.#config['segment.ms']) {
      this.flush()
      this.#assertUsable()
      this.#roll()
    }
  }

  /** The caller flushed: the new segment begins at the high watermark. */
  #roll(): void {
    this.#active.saveIndex()
    saveProducers(this.dir, this.#highWatermark, this.#producers)
    this.#segments.push(Segment.create(this.dir, this.#highWatermark))
  }

  /** From the oldest on, while `drop` says so; the last one stays. */
  #dropSegments(drop: (segment: Segment) => boolean): void {
    let dropped = false
    while (this.#segments.length > 1 && drop(this.#segments[0]!)) {
      this.#segments.shift()!.delete()
      dropped = true
    }
    if (!dropped) return
    this.#startOffset = Math.max(this.#startOffset, this.#segments[0]!.baseOffset)
    if (this.#startOffset === this.#highWatermark) this.#tail.clear()
  }

  #segmentOf(offset: number): number {
    let at = this.#segments.length - 1
    while (at > 0 && this.#segments[at]!.baseOffset > offset) at--
    return at
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error))
    this.#endOffset = this.#highWatermark
    this.#logger.error(`cannot write to ${this.dir}: the partition is offline until the broker starts again`, { error })
    this.#wakeReaders()
  }

  #assertUsable(): void {
    if (this.#failure !== undefined) {
      throw new ProtocolError(ErrorCode.KAFKA_STORAGE_ERROR, `log of ${this.dir} is offline: ${this.#failure.message}`)
    }
    if (this.#closed) throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `log of ${this.dir} is closed`)
  }

  #wakeReaders(): void {
    if (this.#readers.size === 0) return
    const readers = [...this.#readers]
    this.#readers.clear()
    for (const wake of readers) wake()
  }
}

/** A small batch must not pin the large request or socket chunk that it came in. */
function standalone(batch: Buffer): Buffer {
  return batch.buffer.byteLength > 2 * batch.length + 4096 ? Buffer.from(batch) : batch
}
