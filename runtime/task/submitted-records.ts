import type { CommittedOffset, SourceOffset, SourcePartition } from '../api/index.ts'

/** How long a source may be silent, polled for records, before the unit it handed out last counts as complete, ms. */
export const HOLD_MS = 100

/** So many units of one record each, and none of more, are taken for a source's habit. */
const HABIT = 16

/** A record in the ledger: the outgoing record itself, so that no second object is needed. */
export interface Submitted {
  readonly sourcePartition: SourcePartition
  readonly sourceOffset: SourceOffset
  acked: boolean
}

/**
 * The in-order ack ledger. Records are submitted in the order of the source, acknowledged in any order; what may be committed is
 * per source partition the offset of the last record of the acknowledged head.
 *
 * Invariant 2: a missing ack holds back every later offset of the same source partition.
 * Invariant 9: records with one offset are one unit; their offset waits for the last of them, which may come with a later batch.
 */
export class SubmittedRecords {
  readonly #byIdentity = new Map<SourcePartition, PartitionLedger>()
  readonly #byContent = new Map<string, PartitionLedger>()
  readonly #dirty = new Set<PartitionLedger>()
  #lastPartition: SourcePartition | undefined
  #lastLedger: PartitionLedger | undefined
  #active = 0
  readonly #whole: boolean
  #continued = false

  /** `keepsUnitsWhole`: no batch of the source ends within a unit (SourceTask.keepsUnitsWhole). */
  constructor(keepsUnitsWhole: boolean) {
    this.#whole = keepsUnitsWhole
  }

  /**
   * Whether the source can be believed to end every batch with a whole unit: it says so, or it gave many offsets and no two records shared
   * one. A few records prove nothing: the first batch of a source may end within its first unit of several records.
   */
  get endsUnits(): boolean {
    if (this.#whole) return true
    if (this.#continued) return false
    let units = 0
    for (const ledger of this.#byContent.values()) {
      if (ledger.shares) return false
      units += ledger.units
    }
    return units >= HABIT
  }

  /** Records that are submitted and not acknowledged. */
  get active(): number {
    return this.#active
  }

  submit(records: readonly Submitted[]): void {
    let last: PartitionLedger | undefined
    for (const record of records) {
      const ledger = this.#ledgerOf(record.sourcePartition)
      if (!this.#whole && ledger !== last) {
        if (ledger.continuedBy(record)) this.#continued = true
        last = ledger
      }
      ledger.queue.push(record)
      if (!record.acked) this.#active++
    }
  }

  /** Marks the records as durable, or as skipped on purpose. */
  ack(records: readonly Submitted[]): void {
    let last: PartitionLedger | undefined
    for (const record of records) {
      if (!record.acked) this.#active--
      record.acked = true
      const ledger = this.#ledgerOf(record.sourcePartition)
      if (ledger === last) continue
      last = ledger
      this.#dirty.add(ledger)
    }
    this.#advance()
  }

  /** After a submit of records that were acked already (dropped by a transformation). */
  settle(records: readonly Submitted[]): void {
    for (const record of records) if (record.acked) this.#dirty.add(this.#ledgerOf(record.sourcePartition))
    this.#advance()
  }

  /** Offsets that may be committed and were not yet. `settled`: the source has no more of the unit that it handed out last. */
  committable(settled: boolean): readonly CommittedOffset[] {
    const found: CommittedOffset[] = []
    for (const ledger of this.#byContent.values()) {
      ledger.endUnit(settled || this.#whole)
      const offset = ledger.committable
      if (offset !== undefined && offset !== ledger.committed) found.push({ partition: ledger.partition, offset })
    }
    return found
  }

  committed(offsets: readonly CommittedOffset[]): void {
    for (const { partition, offset } of offsets) this.#ledgerOf(partition).committed = offset
  }

  #advance(): void {
    for (const ledger of this.#dirty) ledger.advance()
    this.#dirty.clear()
  }

  #ledgerOf(partition: SourcePartition): PartitionLedger {
    if (partition === this.#lastPartition) return this.#lastLedger!
    let ledger = this.#byIdentity.get(partition)
    if (ledger === undefined) {
      const content = contentKey(partition)
      ledger = this.#byContent.get(content)
      if (ledger === undefined) {
        ledger = new PartitionLedger(partition)
        this.#byContent.set(content, ledger)
      }
      // A source that makes a new object per record must not fill the identity map.
      if (this.#byIdentity.size >= MAX_IDENTITIES) this.#byIdentity.clear()
      this.#byIdentity.set(partition, ledger)
    }
    this.#lastPartition = partition
    this.#lastLedger = ledger
    return ledger
  }
}

const MAX_IDENTITIES = 10_000

class PartitionLedger {
  readonly partition: SourcePartition
  readonly queue = new Fifo<Submitted>()
  /** Two neighbours among the acked records had the same offset. */
  shares = false
  /** Units among the acked records, counted as if none had several. */
  units = 0
  /** Offset of the last complete unit of the acked head. */
  committable: SourceOffset | undefined
  committed: SourceOffset | undefined
  /** Offset of acked records that were taken from the queue while others of their unit still wait, or may still come. */
  #begun: SourceOffset | undefined
  /** The last record that was pushed while the queue held any. */
  #newest: SourceOffset | undefined

  constructor(partition: SourcePartition) {
    this.partition = partition
  }

  /** Does the record belong to the unit of the one before it? */
  continuedBy({ sourceOffset }: Submitted): boolean {
    const before = this.queue.last?.sourceOffset ?? this.#newest
    return before !== undefined && sameOffset(before, sourceOffset)
  }

  /** All that was submitted is acked: is the unit of the last record complete, too? */
  endUnit(complete: boolean): void {
    if (this.#begun === undefined) return
    const next = this.queue.peek()
    if (next === undefined ? !complete : sameOffset(next.sourceOffset, this.#begun)) return
    this.committable = this.#begun
    this.#begun = undefined
  }

  advance(): void {
    const { queue } = this
    let taken: Submitted | undefined
    let before: SourceOffset | undefined
    for (let head = queue.peek(); head?.acked === true; head = queue.peek()) {
      // `before` is the last offset of an earlier unit among those taken
      if (taken !== undefined) {
        if (sameOffset(taken.sourceOffset, head.sourceOffset)) this.shares = true
        else {
          before = taken.sourceOffset
          this.units++
        }
      }
      taken = head
      queue.shift()
    }
    if (taken === undefined) return
    const next = queue.peek()
    const last = taken.sourceOffset
    this.units++
    if (this.#begun !== undefined) {
      if (before === undefined && !sameOffset(this.#begun, last)) before = this.#begun
      this.#begun = undefined
    }
    this.#newest = last
    if (next !== undefined && !sameOffset(next.sourceOffset, last)) this.committable = last
    else {
      if (next !== undefined) this.shares = true
      this.#begun = last
      if (before !== undefined) this.committable = before
    }
  }
}

/** A queue over an array that is compacted now and then: no cost per element taken. */
class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  get last(): T | undefined {
    return this.#items.at(-1)
  }

  shift(): void {
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head >= 4096 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }
}

export function sameOffset(a: SourceOffset | null, b: SourceOffset | null): boolean {
  if (a === b) return true
  if (a === null || b === null) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  for (const key of keys) if (a[key] !== b[key]) return false
  return true
}

function contentKey(partition: SourcePartition): string {
  return JSON.stringify(partition, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}
