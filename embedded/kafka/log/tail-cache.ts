/**
 * The youngest batches of all partitions in memory, so that consumers that keep up never touch a file.
 * One budget for the broker: the oldest batch of any partition goes first.
 */
export interface CachedBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly bytes: Buffer
}

export class TailCache {
  readonly #limit: number
  #bytes = 0
  readonly #order = new Fifo<LogTail>()

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  open(): LogTail {
    return new LogTail(this)
  }

  added(tail: LogTail, bytes: number): void {
    this.#order.push(tail)
    this.#bytes += bytes
    while (this.#bytes > this.#limit) {
      const oldest = this.#order.shift()
      if (oldest === undefined) return
      this.#bytes -= oldest.dropOldest()
    }
  }

  released(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** The part of the cache that belongs to one partition; batches are contiguous. */
export class LogTail {
  readonly #cache: TailCache
  readonly #batches = new Fifo<CachedBatch>()

  constructor(cache: TailCache) {
    this.#cache = cache
  }

  add(batch: CachedBatch): void {
    this.#batches.push(batch)
    this.#cache.added(this, cost(batch))
  }

  /** Bytes given free; 0 when a clear() came first. */
  dropOldest(): number {
    const oldest = this.#batches.shift()
    return oldest === undefined ? 0 : cost(oldest)
  }

  clear(): void {
    this.dropBefore(Infinity)
  }

  /** Forgets batches that begin below `offset`. */
  dropBefore(offset: number): void {
    while ((this.#batches.first?.baseOffset ?? Infinity) < offset) this.#cache.released(this.dropOldest())
  }

  /** Whole batches from the one holding `offset`; undefined when that one is not here. */
  read(offset: number, maxBytes: number, endOffset: number, minOne: boolean): Buffer[] | undefined {
    const first = this.#batches.first
    if (first === undefined || first.baseOffset > offset) return undefined
    const found: Buffer[] = []
    let room = maxBytes
    for (let at = this.#find(offset); at < this.#batches.length; at++) {
      const batch = this.#batches.at(at)
      if (batch.lastOffset >= endOffset) break
      if (batch.bytes.length > room && !(minOne && found.length === 0)) break
      found.push(batch.bytes)
      room -= batch.bytes.length
    }
    return found
  }

  #find(offset: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches.at(middle).lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Bytes plus about what the objects around them take. */
function cost(batch: CachedBatch): number {
  return batch.bytes.length + 200
}

/** A queue whose shift() does not move the rest. */
class Fifo<T> {
  #items: T[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  get first(): T | undefined {
    return this.#items[this.#head]
  }

  at(index: number): T {
    return this.#items[this.#head + index]!
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    const item = this.first
    if (item === undefined) return undefined
    this.#items[this.#head++] = undefined as T
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
