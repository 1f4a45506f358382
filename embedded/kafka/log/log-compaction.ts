/** When and how the log of one partition is compacted: plan, cleaning, checkpoint. At most one cleaning at a time. */
import type { TopicConfig } from '../store/topic-config.ts'
import { advanced, readCheckpoint, writeCheckpoint } from './cleaner-checkpoint.ts'
import { compactionPlan } from './compaction-plan.ts'
import { cleanLog } from './log-cleaner.ts'
import type { LogTransactions } from './log-transactions.ts'
import type { SegmentList } from './segment-list.ts'
import type { LogTail } from './tail-cache.ts'

/** The log as it is at this moment. */
export interface CompactedLog {
  readonly dir: string
  readonly segments: SegmentList
  readonly tail: LogTail
  readonly config: TopicConfig
  readonly transactions: LogTransactions
  readonly lastStableOffset: number
}

export interface CompactionLimits {
  /** `log.cleaner.dedupe.buffer.size` */
  readonly memoryBytes: number
  /** After so many bytes the broker has a turn; default 4 MiB. */
  readonly sliceBytes?: number
}

const SLICE_BYTES = 4 << 20

export class LogCompaction {
  readonly #log: () => CompactedLog
  #running: AbortController | undefined
  #closed = false

  constructor(log: () => CompactedLog) {
    this.#log = log
  }

  /** Compacts what is due by the topic's policy. Resolves early when it is interrupted. */
  async run({ memoryBytes, sliceBytes = SLICE_BYTES }: CompactionLimits): Promise<void> {
    if (this.#closed || this.#running !== undefined) return
    const now = Date.now()
    const { dir, segments, tail, config, transactions, lastStableOffset } = this.#log()
    const checkpoint = readCheckpoint(dir)
    const facts = segments.all.map(({ baseOffset, size, youngest }) => ({ baseOffset, size, youngest }))
    const plan = compactionPlan(facts, checkpoint, config, lastStableOffset, now)
    if (plan === undefined) return
    const running = new AbortController()
    this.#running = running
    try {
      const cleaned = await cleanLog({
        ...{ dir, segments: segments.all.slice(0, -1), plan, checkpoint, memoryBytes, sliceBytes, now },
        aborted: transactions.abortedBetween(0, plan.end),
        deleteRetentionMs: config['delete.retention.ms'],
        segmentBytes: config['segment.bytes'],
        replace: (file, replaced) => {
          tail.dropBefore(file.endOffset)
          return segments.replace(file, replaced)
        },
        signal: running.signal,
      })
      if (cleaned === undefined || running.signal.aborted) return
      const { cleanedTo, waiting, droppedMarkers } = cleaned
      this.#log().transactions.forget(droppedMarkers)
      const isWaiting = (from: number, to: number): boolean => waiting.some((offset) => from <= offset && offset < to)
      writeCheckpoint(dir, advanced(checkpoint, cleanedTo, now, isWaiting))
    } finally {
      this.#running = undefined
    }
  }

  /** The log has changed underneath. */
  interrupt(): void {
    this.#running?.abort()
  }

  close(): void {
    this.#closed = true
    this.interrupt()
  }
}
