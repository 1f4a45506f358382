import type { CommittedOffset, SourceOffset, SourcePartition } from '../api/index.ts'
import { sameOffset } from './submitted-records.ts'

/** What the open transaction must know of a record: where it came from. */
export interface Positioned {
  readonly sourcePartition: SourcePartition
  readonly sourceOffset: SourceOffset
}

/**
 * The last source offset of each source partition in the open transaction: what is to be committed with it, and where it may end.
 *
 * Invariant 9: consecutive records of a source partition with one offset are a unit, and a transaction ends only between units. An offset
 * without fields is no position, so records that have it are units of their own.
 */
export class TransactionUnits {
  readonly #byIdentity = new Map<SourcePartition, Last>()
  readonly #byContent = new Map<string, Last>()

  /** Nothing to commit. */
  get isEmpty(): boolean {
    return this.#byContent.size === 0
  }

  /** Takes records `from`..`to` into the transaction. */
  add(records: readonly Positioned[], from: number, to: number): void {
    let partition: SourcePartition | undefined
    let last: Last | undefined
    for (let i = from; i < to; i++) {
      const record = records[i]!
      if (record.sourcePartition !== partition || last === undefined) {
        partition = record.sourcePartition
        last = this.#lastOf(partition) ?? this.#begin(partition)
      }
      last.offset = record.sourceOffset
    }
  }

  /**
   * How many of these records, that follow what was added, must still belong to the transaction: the fewest with which it splits no unit as
   * far as these records show. 0: it may end before them. All of them: their end may lie within a unit.
   */
  cut(records: readonly Positioned[]): number {
    const partition = records[0]?.sourcePartition
    if (this.isEmpty || partition === undefined) return 0
    let before = this.#lastOf(partition)?.offset
    let cut = 0
    // The common case by far: one partition object for all of them.
    for (let i = 0; i < records.length; i++) {
      const { sourcePartition, sourceOffset } = records[i]!
      if (sourcePartition !== partition) return this.#cutMixed(records)
      if (before === undefined || !isUnit(before, sourceOffset)) before = undefined
      else cut = i + 1
    }
    return cut
  }

  /** Records of several source partitions between one another: no pair of neighbours of a unit may stand on both sides of the cut. */
  #cutMixed(records: readonly Positioned[]): number {
    const seen = new Map<string, { offset: SourceOffset; index: number }>()
    for (const [key, { offset }] of this.#byContent) seen.set(key, { offset, index: -1 })
    let cut = 0
    for (let i = 0; i < records.length; i++) {
      const { sourcePartition, sourceOffset } = records[i]!
      const key = contentKey(sourcePartition)
      const before = seen.get(key)
      if (before !== undefined && before.index < cut && isUnit(before.offset, sourceOffset)) cut = i + 1
      seen.set(key, { offset: sourceOffset, index: i })
    }
    return cut
  }

  /** The offsets to commit. The next transaction begins. */
  take(): readonly CommittedOffset[] {
    const offsets = [...this.#byContent.values()].map(({ partition, offset }) => ({ partition, offset }))
    this.#byContent.clear()
    this.#byIdentity.clear()
    return offsets
  }

  #lastOf(partition: SourcePartition): Last | undefined {
    let last = this.#byIdentity.get(partition)
    if (last === undefined) {
      last = this.#byContent.get(contentKey(partition))
      if (last !== undefined) this.#remember(partition, last)
    }
    return last
  }

  #begin(partition: SourcePartition): Last {
    const last: Last = { partition, offset: {} }
    this.#byContent.set(contentKey(partition), last)
    this.#remember(partition, last)
    return last
  }

  /** A source that makes a new partition object per record must not fill the map within one long transaction. */
  #remember(partition: SourcePartition, last: Last): void {
    if (this.#byIdentity.size >= MAX_IDENTITIES) this.#byIdentity.clear()
    this.#byIdentity.set(partition, last)
  }
}

const MAX_IDENTITIES = 10_000

interface Last {
  readonly partition: SourcePartition
  offset: SourceOffset
}

function isUnit(a: SourceOffset | null, b: SourceOffset | null): boolean {
  if (a === null || b === null) return false
  for (const _ in a) return sameOffset(a, b)
  return false
}

function contentKey(partition: SourcePartition): string {
  return JSON.stringify(partition, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}
