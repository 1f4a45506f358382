/**
 * Where batches lie in one segment file: one entry about every 16 KiB of log, so that a gigabyte costs a megabyte of memory.
 * An entry says: the batch at `position` starts at `offset`, and `maxTimestamp` is the greatest timestamp *before* it.
 */
const INTERVAL_BYTES = 16 * 1024
const FIELDS = 3

export interface IndexEntry {
  readonly offset: number
  readonly position: number
}

export class SparseIndex {
  #values: Float64Array
  #entries = 0
  #lastPosition = -INTERVAL_BYTES
  #maxTimestamp = -1

  constructor() {
    this.#values = new Float64Array(FIELDS * 64)
  }

  /** Greatest timestamp of the segment, -1 when it has none. */
  get maxTimestamp(): number {
    return this.#maxTimestamp
  }

  /** Every batch passes here, in file order; only some leave an entry. */
  add(offset: number, position: number, maxTimestamp: number): void {
    if (position - this.#lastPosition >= INTERVAL_BYTES) this.#push(offset, position)
    if (maxTimestamp > this.#maxTimestamp) this.#maxTimestamp = maxTimestamp
  }

  /** The last known batch that begins at or before `offset`. */
  byOffset(offset: number): IndexEntry | undefined {
    return this.#last((entry) => this.#values[entry * FIELDS]! <= offset)
  }

  /** A batch before which no record is as young as `timestamp`. */
  byTimestamp(timestamp: number): IndexEntry | undefined {
    return this.#last((entry) => this.#values[entry * FIELDS + 2]! < timestamp)
  }

  toBytes(): Buffer {
    const used = this.#values.slice(0, this.#entries * FIELDS)
    return Buffer.from(used.buffer)
  }

  static fromBytes(bytes: Buffer, maxTimestamp: number): SparseIndex {
    const index = new SparseIndex()
    index.#entries = Math.floor(bytes.length / (8 * FIELDS))
    index.#values = new Float64Array(Math.max(64, index.#entries) * FIELDS)
    bytes.copy(Buffer.from(index.#values.buffer), 0, 0, index.#entries * FIELDS * 8)
    if (index.#entries > 0) index.#lastPosition = index.#values[(index.#entries - 1) * FIELDS + 1]!
    index.#maxTimestamp = maxTimestamp
    return index
  }

  #push(offset: number, position: number): void {
    const at = this.#entries * FIELDS
    if (at === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[at] = offset
    this.#values[at + 1] = position
    this.#values[at + 2] = this.#maxTimestamp
    this.#entries++
    this.#lastPosition = position
  }

  /** Last entry for which `holds`, which is true for a prefix of the entries. */
  #last(holds: (entry: number) => boolean): IndexEntry | undefined {
    let low = 0
    let high = this.#entries
    while (low < high) {
      const middle = (low + high) >>> 1
      if (holds(middle)) low = middle + 1
      else high = middle
    }
    if (low === 0) return undefined
    const at = (low - 1) * FIELDS
    return { offset: this.#values[at]!, position: this.#values[at + 1]! }
  }
}
