/**
 * The transactions of one partition, as its batches and markers tell: which are open, hence how far a reader of committed records may go
 * (the last stable offset), and which were aborted, hence what it must leave out.
 */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Of its marker. */
  readonly lastOffset: number
}

export interface TransactionsSnapshot {
  readonly ongoing: readonly (readonly [producerId: number, firstOffset: number])[]
  readonly aborted: readonly AbortedTransaction[]
}

export class LogTransactions {
  /** First offset by producer; in the order of these offsets, since a map keeps the order of insertion. */
  readonly #ongoing = new Map<number, number>()
  /** First offsets of those whose marker was appended and not written. */
  #closing: number[] = []
  /** By last offset. */
  #aborted: AbortedTransaction[] = []

  isOngoing(producerId: number): boolean {
    return this.#ongoing.has(producerId)
  }

  /** Undefined: it has no open transaction here. */
  firstOffsetOf(producerId: number): number | undefined {
    return this.#ongoing.get(producerId)
  }

  /** The first record whose fate is open; undefined when all is decided. */
  get firstUnstable(): number | undefined {
    const [first] = this.#ongoing.values()
    const closing = this.#closing[0]
    if (first === undefined || closing === undefined) return first ?? closing
    return Math.min(first, closing)
  }

  began(producerId: number, firstOffset: number): void {
    if (!this.#ongoing.has(producerId)) this.#ongoing.set(producerId, firstOffset)
  }

  ended(producerId: number, committed: boolean, markerOffset: number): void {
    const firstOffset = this.#ongoing.get(producerId)
    if (firstOffset === undefined) return
    this.#ongoing.delete(producerId)
    this.#closing.push(firstOffset)
    this.#closing.sort((a, b) => a - b)
    if (!committed) this.#aborted.push({ producerId, firstOffset, lastOffset: markerOffset })
  }

  /** The markers appended so far are safe. */
  written(): void {
    if (this.#closing.length > 0) this.#closing = []
  }

  /** Aborted transactions with records in `from` … `to` - 1. */
  abortedBetween(from: number, to: number): readonly AbortedTransaction[] {
    let at = this.#aborted.length
    while (at > 0 && this.#aborted[at - 1]!.lastOffset >= from) at--
    return this.#aborted.slice(at).filter(({ firstOffset }) => firstOffset < to)
  }

  /** Nothing before `offset` is left in the log. */
  dropBefore(offset: number): void {
    if (this.#aborted.length > 0 && this.#aborted[0]!.lastOffset < offset) {
      this.#aborted = this.#aborted.filter(({ lastOffset }) => lastOffset >= offset)
    }
  }

  /** The cleaner removed these markers, and before them all records that they were about. */
  forget(markers: ReadonlySet<number>): void {
    if (markers.size > 0) this.#aborted = this.#aborted.filter(({ lastOffset }) => !markers.has(lastOffset))
  }

  snapshot(): TransactionsSnapshot {
    return { ongoing: [...this.#ongoing], aborted: this.#aborted }
  }

  static restore(snapshot: TransactionsSnapshot): LogTransactions {
    const transactions = new LogTransactions()
    for (const [producerId, firstOffset] of snapshot.ongoing) transactions.#ongoing.set(producerId, firstOffset)
    transactions.#aborted = [...snapshot.aborted]
    return transactions
  }
}
