/**
 * One partition: an ordered list of segments, the last one written to.
 *
 * startOffset ≤ lastStableOffset ≤ highWatermark ≤ endOffset. Appends move endOffset at once; the high watermark follows when
 * the bytes were handed to the operating system, and only then is a producer answered and a consumer served.
 *
 * A write that fails (disk full) takes everything back that was not written: nobody was answered, and the log goes on from there with
 * the next append.
 */
import fs from 'node:fs'
import path from 'node:path'

import type { Logger } from 'naru/api'

import { ErrorCode } from 'naru/protocol'
import { ProtocolError } from '../protocol-error.ts'
import type { TopicConfig } from '../store/topic-config.ts'
import { readJsonFile, writeFileAtomically } from '../store/durable-file.ts'
import { readHeader, setLogAppendTime, setOffsetAndEpoch } from './batch-header.ts'
import { LogCompaction } from './log-compaction.ts'
import type { CompactedLog, CompactionLimits } from './log-compaction.ts'
import type { AbortedTransaction } from './log-transactions.ts'
import { noteBatch, recoverState, saveState } from './producer-recovery.ts'
import type { LogState } from './producer-recovery.ts'
import type { ActiveProducer, ProducerStates } from './producer-states.ts'
import { SegmentList } from './segment-list.ts'
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
const RETRY_AFTER_MS = 200
const START_OFFSET_FILE = 'start-offset.json'

export class PartitionLog implements Flushable {
  readonly dir: string
  readonly #logger: Logger
  readonly #tail: LogTail
  readonly #segments: SegmentList
  #config: TopicConfig
  #state: LogState
  #startOffset: number
  #endOffset: number
  #highWatermark: number
  #pending: Buffer[] = []
  #pendingBytes = 0
  #failure: Error | undefined
  #failures = 0
  /** Each failure costs a look through the active segment: not one per request. */
  #retryAt = 0
  #closed = false
  readonly #compaction: LogCompaction
  readonly #readers = new Set<() => void>()

  private constructor(options: PartitionLogOptions, segments: SegmentList, startOffset: number, state: LogState) {
    this.dir = options.dir
    this.#config = options.config
    this.#logger = options.logger
    this.#tail = options.tail.open()
    this.#segments = segments
    this.#state = state
    this.#compaction = new LogCompaction(() => this.#compacted)
    this.#endOffset = this.#highWatermark = segments.active.nextOffset
    this.#startOffset = Math.min(Math.max(startOffset, segments.first.baseOffset), this.#endOffset)
  }

  /** Opens or creates the folder. After a kill only the last segment is scanned; it alone can be torn. */
  static open(options: PartitionLogOptions): PartitionLog {
    const saved = readJsonFile<{ startOffset: number }>(path.join(options.dir, START_OFFSET_FILE))
    const startOffset = saved?.startOffset ?? 0
    const segments = SegmentList.open(options.dir, startOffset)
    return new PartitionLog(options, segments, startOffset, recoverState(options.dir, segments.all))
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
    return this.#segments.bytes + this.#pendingBytes
  }

  get producers(): ProducerStates {
    return this.#state.producers
  }

  /** Producers that the log remembers; `currentTxnStartOffset` is -1 outside a transaction. */
  get activeProducers(): readonly (ActiveProducer & { readonly currentTxnStartOffset: number })[] {
    const { producers, transactions } = this.#state
    return producers.active().map((producer) => ({
      ...producer,
      currentTxnStartOffset: transactions.firstOffsetOf(producer.producerId) ?? -1,
    }))
  }

  /** One past the last record whose transaction is decided: where a reader of committed records must stop. */
  get lastStableOffset(): number {
    return Math.min(this.#highWatermark, this.#state.transactions.firstUnstable ?? Infinity)
  }

  hasOngoingTransaction(producerId: number): boolean {
    return this.#state.transactions.isOngoing(producerId)
  }

  /** Aborted transactions with records in `from` … `to` - 1. */
  abortedTransactions(from: number, to: number): readonly AbortedTransaction[] {
    return this.#state.transactions.abortedBetween(from, to)
  }

  set config(config: TopicConfig) {
    this.#config = config
  }

  get config(): TopicConfig {
    return this.#config
  }

  /** Writes that failed so far. Whoever appended when it was lower, and finds it higher afterwards, must not acknowledge. */
  get failures(): number {
    return this.#failures
  }

  /** Takes over `batch`, validated by the caller, and gives it its place. Written with the next flush(). */
  append(batch: Buffer, now: number): Appended {
    this.#assertUsable()
    if (this.#failure !== undefined && now < this.#retryAt) throw this.#offline()
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
    if (header.producerId >= 0) noteBatch(this.#state, header, () => own, now)
    return { baseOffset, logAppendTime: stamped ? now : -1 }
  }

  flush(): void {
    if (this.#pending.length === 0) return
    const batches = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    try {
      this.#segments.active.append(batches, Date.now())
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#failure = undefined
    this.#state.transactions.written()
    for (const bytes of batches) {
      const header = readHeader(bytes, 0)
      this.#tail.add({ baseOffset: header.baseOffset, lastOffset: header.lastOffset, bytes })
    }
    this.#highWatermark = this.#segments.active.nextOffset
    this.#wakeReaders()
  }

  /** Whole batches from the one holding `offset`, up to `limit`. Throws OFFSET_OUT_OF_RANGE; empty at the end. */
  read(offset: number, maxBytes: number, minOne: boolean, limit = this.#highWatermark): Buffer[] {
    this.#assertUsable()
    if (offset < this.#startOffset || offset > this.#highWatermark) {
      throw new ProtocolError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `offset ${offset} is outside ${this.#startOffset}..${this.#highWatermark}`,
      )
    }
    if (offset >= limit || (maxBytes <= 0 && !minOne)) return []
    const cached = this.#tail.read(offset, maxBytes, limit, minOne)
    if (cached !== undefined) return cached
    return this.#segments.read(offset, maxBytes, limit, minOne)
  }

  /** Calls `wake` at the next flush; the returned function takes it back. */
  onAppend(wake: () => void): () => void {
    this.#readers.add(wake)
    return () => this.#readers.delete(wake)
  }

  /** The first batch with a record at least as young as `timestamp`, as stored. */
  batchAtTimestamp(timestamp: number): Buffer | undefined {
    return this.#segments.batchAtTimestamp(timestamp)
  }

  /** Greatest timestamp in the log, -1 when empty. */
  get maxTimestamp(): number {
    return this.#segments.maxTimestamp
  }

  /** Moves the start; durable before it returns. `offset` must not lie past the high watermark. */
  deleteRecordsBefore(offset: number): void {
    this.#assertUsable()
    if (offset <= this.#startOffset) return
    this.#startOffset = offset
    writeFileAtomically(path.join(this.dir, START_OFFSET_FILE), JSON.stringify({ startOffset: offset }))
    if (this.#segments.active.nextOffset <= offset && this.#segments.active.size > 0) this.#roll()
    this.#dropSegments((segment) => segment.nextOffset <= offset)
  }

  /** Drops segments by `retention.ms` and `retention.bytes`, and silent producers. */
  applyRetention(now: number, producerExpirationMs: number): void {
    if (this.#closed) return
    this.#state.producers.expire(now - producerExpirationMs)
    const { 'cleanup.policy': policy, 'retention.ms': retentionMs, 'retention.bytes': retentionBytes } = this.#config
    if (!policy.split(',').includes('delete')) return
    if (retentionMs >= 0) {
      const deadline = now - retentionMs
      if (this.#segments.active.size > 0 && this.#pending.length === 0 && this.#segments.active.youngest < deadline)
        this.#roll()
      this.#dropSegments((segment) => segment.youngest < deadline)
    }
    if (retentionBytes >= 0) {
      let excess = this.bytes - retentionBytes
      this.#dropSegments((segment) => (excess -= segment.size) >= 0)
    }
  }

  /** Compacts what is due by the topic's policy. */
  clean(limits: CompactionLimits): Promise<void> {
    return this.#compaction.run(limits)
  }

  /** Writes what is pending and leaves indexes, so that the next start is quick. */
  close(): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    this.#compaction.close()
    if (this.#failure === undefined && fs.existsSync(this.dir)) this.#saveForQuickStart()
    this.#segments.close()
    this.#tail.clear()
    this.#wakeReaders()
  }

  get #compacted(): CompactedLog {
    const { dir, config, lastStableOffset } = this
    const { transactions } = this.#state
    return { dir, config, lastStableOffset, transactions, segments: this.#segments, tail: this.#tail }
  }

  #rollWhenFull(bytes: number, now: number): void {
    const size = this.#segments.active.size + this.#pendingBytes
    if (size === 0) return
    const age = now - (this.#segments.active.firstAppendAt ?? now)
    if (size + bytes > this.#config['segment.bytes'] || age > longestSegmentMs(this.#config)) {
      const failures = this.#failures
      this.flush()
      if (failures !== this.#failures) throw this.#offline()
      try {
        this.#roll()
      } catch (error) {
        this.#fail(error)
        throw this.#offline()
      }
    }
  }

  /** The caller flushed: the new segment begins at the high watermark. */
  #roll(): void {
    saveState(this.dir, this.#highWatermark, this.#state)
    this.#segments.roll(this.#highWatermark)
  }

  #dropSegments(drop: Parameters<SegmentList['drop']>[0]): void {
    if (!this.#segments.drop(drop)) return
    this.#compaction.interrupt()
    this.#startOffset = Math.max(this.#startOffset, this.#segments.first.baseOffset)
    this.#state.transactions.dropBefore(this.#startOffset)
    if (this.#startOffset === this.#highWatermark) this.#tail.clear()
  }

  #saveForQuickStart(): void {
    try {
      this.#segments.active.saveIndex()
      saveState(this.dir, this.#highWatermark, this.#state)
    } catch (error) {
      // A full disk: the next start reads the log itself.
      this.#logger.warn(`cannot leave an index of ${this.dir}`, { error })
    }
  }

  /** What was not written never was: sequences and transactions are those of the log as it lies in the files. */
  #fail(error: unknown): void {
    if (this.#failure === undefined) this.#logger.error(`cannot write to ${this.dir}: refused`, { error })
    this.#failure = error instanceof Error ? error : new Error(String(error))
    this.#failures++
    this.#retryAt = Date.now() + RETRY_AFTER_MS
    this.#pending = []
    this.#pendingBytes = 0
    this.#endOffset = this.#highWatermark
    this.#state = recoverState(this.dir, this.#segments.all)
    this.#wakeReaders()
  }

  #offline(): ProtocolError {
    const why = this.#failure?.message ?? 'closed'
    return new ProtocolError(ErrorCode.KAFKA_STORAGE_ERROR, `cannot write to ${this.dir}: ${why}`)
  }

  #assertUsable(): void {
    if (this.#closed) throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `log of ${this.dir} is closed`)
  }

  #wakeReaders(): void {
    if (this.#readers.size === 0) return
    const readers = [...this.#readers]
    this.#readers.clear()
    for (const wake of readers) wake()
  }
}

/** Only a segment that is no longer written to can be compacted. */
function longestSegmentMs(config: TopicConfig): number {
  const isCompacted = config['cleanup.policy'].includes('compact')
  return isCompacted ? Math.min(config['segment.ms'], config['max.compaction.lag.ms']) : config['segment.ms']
}

/** A small batch must not pin the large request or socket chunk that it came in. */
function standalone(batch: Buffer): Buffer {
  return batch.buffer.byteLength > 2 * batch.length + 4096 ? Buffer.from(batch) : batch
}
