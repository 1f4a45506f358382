/**
 * Compaction: keeps the last record of each key, and of those without value (tombstones) only the young ones. Offsets never change.
 * One pass over the dirty part notes the last offset of each key, a second over the whole rewrites segments without what is older.
 * Records of aborted transactions go; markers stay as long as tombstones do. Works in slices, so that the broker answers in between.
 */
import fs from 'node:fs'

import { isControl, isTransactional } from './batch-header.ts'
import type { BatchHeader } from './batch-header.ts'
import { BatchRecords } from './batch-records.ts'
import { firstCleanedAt } from './cleaner-checkpoint.ts'
import type { CleanerCheckpoint } from './cleaner-checkpoint.ts'
import type { CompactionPlan } from './compaction-plan.ts'
import { KeyOffsets } from './key-offsets.ts'
import type { AbortedTransaction } from './log-transactions.ts'
import type { ScannedBatch, Segment } from './segment.ts'
import { cleanedFile } from './segment-swap.ts'
import type { CleanedFile } from './segment-swap.ts'

export interface CleaningOptions {
  readonly dir: string
  /** All but the one written to. */
  readonly segments: readonly Segment[]
  readonly plan: CompactionPlan
  readonly checkpoint: CleanerCheckpoint
  readonly aborted: readonly AbortedTransaction[]
  readonly deleteRetentionMs: number
  /** A cleaned segment grows up to this: small ones are joined. */
  readonly segmentBytes: number
  /** `log.cleaner.dedupe.buffer.size` */
  readonly memoryBytes: number
  /** After so many the broker has a turn. */
  readonly sliceBytes: number
  readonly now: number
  /** Puts a cleaned file in the place of its segments; false: the log has changed underneath, cleaning ends. */
  readonly replace: (cleaned: CleanedFile, replaced: readonly Segment[]) => boolean
  readonly signal: AbortSignal
}

export interface Cleaned {
  readonly cleanedTo: number
  /** Offsets of the tombstones and markers that stay for a while. */
  readonly waiting: readonly number[]
  /** Offsets of the markers that went. */
  readonly droppedMarkers: ReadonlySet<number>
}

/** Undefined when it was interrupted; what was replaced until then is right as it is. */
export async function cleanLog(options: CleaningOptions): Promise<Cleaned | undefined> {
  const cleaning = new Cleaning(options)
  return await cleaning.run()
}

class Cleaning {
  readonly #options: CleaningOptions
  readonly #keys: KeyOffsets
  readonly #waiting: number[] = []
  readonly #droppedMarkers = new Set<number>()
  #sliceBytes = 0

  constructor(options: CleaningOptions) {
    this.#options = options
    this.#keys = new KeyOffsets(options.memoryBytes)
  }

  async run(): Promise<Cleaned | undefined> {
    const { segments, replace, signal } = this.#options
    const cleanedTo = await this.#noteKeys()
    if (cleanedTo === undefined) return undefined
    const touched = segments.filter(({ baseOffset }) => baseOffset < cleanedTo)
    for (const group of this.#groups(touched)) {
      const file = await this.#rewrite(group, segments)
      if (file === undefined) return undefined
      if (signal.aborted || !replace(file, group)) {
        fs.rmSync(file.draft, { force: true })
        return undefined
      }
    }
    return { cleanedTo, waiting: this.#waiting, droppedMarkers: this.#droppedMarkers }
  }

  /** Answers how far there was room for all keys. */
  async #noteKeys(): Promise<number | undefined> {
    const { segments, plan } = this.#options
    for (const segment of segments) {
      if (segment.nextOffset <= plan.dirtyFrom || segment.baseOffset >= plan.end) continue
      for (const scanned of segment.scan()) {
        const { header } = scanned
        if (header.lastOffset < plan.dirtyFrom) continue
        if (!isControl(header) && !this.#isAborted(header)) {
          if (!this.#keys.hasRoomFor(header.count)) return header.baseOffset
          for (const { key, offset } of recordsOf(segment, scanned).all) if (key !== null) this.#keys.set(key, offset)
        }
        if (this.#isSliceOver(header.bytes) && (await this.#turn())) return undefined
      }
    }
    return plan.end
  }

  /** Neighbours whose bytes together fit into one segment. */
  #groups(segments: readonly Segment[]): readonly (readonly Segment[])[] {
    const groups: Segment[][] = []
    let bytes = Infinity
    for (const segment of segments) {
      bytes += segment.size
      if (bytes > this.#options.segmentBytes) {
        groups.push([])
        bytes = segment.size
      }
      groups.at(-1)!.push(segment)
    }
    return groups
  }

  async #rewrite(group: readonly Segment[], segments: readonly Segment[]): Promise<CleanedFile | undefined> {
    const { dir, plan } = this.#options
    const next = segments[segments.indexOf(group.at(-1)!) + 1]
    const file = cleanedFile(dir, group[0]!.baseOffset, next?.baseOffset ?? plan.end)
    const fd = fs.openSync(file.draft, 'w')
    let complete = false
    try {
      for (const segment of group) {
        for (const scanned of segment.scan()) {
          const batch = this.#kept(segment, scanned)
          if (batch !== undefined) writeWhole(fd, batch)
          if (this.#isSliceOver(scanned.header.bytes) && (await this.#turn())) return undefined
        }
      }
      complete = true
      return file
    } finally {
      fs.closeSync(fd)
      if (!complete) fs.rmSync(file.draft, { force: true })
    }
  }

  /** What stays of a batch; undefined: nothing. */
  #kept(segment: Segment, scanned: ScannedBatch): Buffer | undefined {
    const { header } = scanned
    const bytes = segment.readBatch(scanned)
    if (header.baseOffset >= this.#options.plan.end) return bytes
    if (isControl(header)) return this.#keepsMarker(header.baseOffset) ? bytes : undefined
    if (this.#isAborted(header)) return undefined
    const records = new BatchRecords(bytes)
    const kept = records.all.filter(({ key, offset, isTombstone }) => {
      if (key === null || (this.#keys.get(key) ?? -1) > offset) return false
      return !isTombstone || this.#staysFor(offset)
    })
    if (kept.length === records.all.length) return bytes
    return kept.length === 0 ? undefined : records.only(kept)
  }

  #keepsMarker(offset: number): boolean {
    const stays = this.#staysFor(offset)
    if (!stays) this.#droppedMarkers.add(offset)
    return stays
  }

  /** Readers that began before it was cleaned have `delete.retention.ms` to see it. */
  #staysFor(offset: number): boolean {
    const { checkpoint, now, deleteRetentionMs } = this.#options
    const stays = now - firstCleanedAt(checkpoint, offset, now) <= deleteRetentionMs
    if (stays) this.#waiting.push(offset)
    return stays
  }

  #isAborted(header: BatchHeader): boolean {
    if (!isTransactional(header)) return false
    return this.#options.aborted.some(
      ({ producerId, firstOffset, lastOffset }) =>
        producerId === header.producerId && firstOffset <= header.baseOffset && header.baseOffset < lastOffset,
    )
  }

  /** Whether the broker shall have a turn; after it the log may have changed, see `signal`. */
  #isSliceOver(bytes: number): boolean {
    this.#sliceBytes += bytes
    if (this.#sliceBytes < this.#options.sliceBytes) return false
    this.#sliceBytes = 0
    return true
  }

  async #turn(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve))
    return this.#options.signal.aborted
  }
}

function recordsOf(segment: Segment, scanned: ScannedBatch): BatchRecords {
  return new BatchRecords(segment.readBatch(scanned))
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) done += fs.writeSync(fd, bytes, done)
}
