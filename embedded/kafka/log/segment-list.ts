/** The segments of a partition, oldest first; the last one is written to, and there always is one. */
import fs from 'node:fs'

import { Segment } from './segment.ts'
import { recoverSwaps, segmentBases, swapIn } from './segment-swap.ts'
import type { CleanedFile } from './segment-swap.ts'

export class SegmentList {
  readonly #dir: string
  readonly #segments: Segment[]

  private constructor(dir: string, segments: Segment[]) {
    this.#dir = dir
    this.#segments = segments
  }

  /** Opens or creates the folder; a log without segments begins at `startOffset`. */
  static open(dir: string, startOffset: number): SegmentList {
    fs.mkdirSync(dir, { recursive: true })
    recoverSwaps(dir)
    const bases = segmentBases(dir)
    const segments =
      bases.length === 0 ? [Segment.create(dir, startOffset)] : bases.map((base) => Segment.open(dir, base))
    return new SegmentList(dir, segments)
  }

  get all(): readonly Segment[] {
    return this.#segments
  }

  get first(): Segment {
    return this.#segments[0]!
  }

  get active(): Segment {
    return this.#segments.at(-1)!
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.size, 0)
  }

  /** Greatest timestamp, -1 when there is none. */
  get maxTimestamp(): number {
    return Math.max(...this.#segments.map((segment) => segment.maxTimestamp))
  }

  /** From now on another segment is written to. */
  roll(baseOffset: number): void {
    this.active.saveIndex()
    this.#segments.push(Segment.create(this.#dir, baseOffset))
  }

  /** Whole batches from the one holding `offset`, up to `limit`; see Segment.read(). */
  read(offset: number, maxBytes: number, limit: number, minOne: boolean): Buffer[] {
    for (let at = this.#indexOf(offset); at < this.#segments.length; at++) {
      const segment = this.#segments[at]!
      const bytes = segment.read(offset, maxBytes, limit, minOne)
      if (bytes.length > 0) return [bytes]
      // It has what was asked for, but no room was left; else compaction took it, and the next segment goes on.
      if (segment.size > 0 && offset < segment.nextOffset) return []
    }
    return []
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

  /** From the oldest on, while `drop` says so; the last one stays. Answers whether any went. */
  drop(drop: (segment: Segment) => boolean): boolean {
    let dropped = false
    while (this.#segments.length > 1 && drop(this.first)) {
      this.#segments.shift()!.delete()
      dropped = true
    }
    return dropped
  }

  /** Puts a cleaned file in the place of neighbours; false when they are not all here any more. */
  replace(cleaned: CleanedFile, replaced: readonly Segment[]): boolean {
    const at = this.#segments.indexOf(replaced[0]!)
    if (at < 0 || replaced.some((segment, i) => this.#segments[at + i] !== segment)) return false
    swapIn(this.#dir, cleaned)
    const segment = Segment.open(this.#dir, cleaned.baseOffset)
    segment.saveIndex()
    this.#segments.splice(at, replaced.length, segment)
    for (const old of replaced) old.close()
    return true
  }

  close(): void {
    for (const segment of this.#segments) segment.close()
  }

  #indexOf(offset: number): number {
    let at = this.#segments.length - 1
    while (at > 0 && this.#segments[at]!.baseOffset > offset) at--
    return at
  }
}
