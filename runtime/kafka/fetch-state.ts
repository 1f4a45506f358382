import { AbortedTransactions } from './aborted-transactions.ts'
import type { AbortedTransaction } from './aborted-transactions.ts'
import { readBatches } from './records/record-batch-reader.ts'
import { BATCH_HEADER, readBatchHeader } from './records/record-batch.ts'
import type { FetchedRecord } from './records/fetched-record.ts'

/** Bytes as fetched, decoded when their turn comes. */
interface Chunk {
  readonly bytes: Buffer
  readonly aborted: readonly AbortedTransaction[]
  readonly nextOffset: number
  records: readonly FetchedRecord[] | undefined
  taken: number
}

/** One assigned partition of a fetcher: where it stands, and what is fetched but not yet handed out. */
export class FetchState {
  readonly topic: string
  readonly partition: number
  /** Offset of the next record that poll hands out; undefined until it is looked up. */
  position: number | undefined
  /** Where to look it up. */
  reset: 'earliest' | 'latest' | undefined
  /** Offset of the next fetch: behind what is buffered. */
  fetchOffset = 0
  paused = false
  /** Raised whenever what is in flight no longer fits. */
  epoch = 0
  /** End of the log (or of what is decided, when reading committed), from the last fetch. */
  endOffset: number | undefined
  /** Not asked again before this time (ms), after an error. */
  notBefore = 0
  bufferedBytes = 0
  readonly #chunks: Chunk[] = []
  #foundEnd = false

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get chunks(): number {
    return this.#chunks.length
  }

  /** Everything was handed out: a fetch behind it was answered, with nothing. */
  get atEnd(): boolean {
    return this.#foundEnd && this.#chunks.length === 0
  }

  seek(to: number | 'earliest' | 'latest'): void {
    this.clear()
    if (typeof to === 'number') {
      this.position = to
      this.fetchOffset = to
      this.reset = undefined
    } else {
      this.position = undefined
      this.reset = to
    }
  }

  /** Forgets what is buffered and in flight. */
  clear(): void {
    this.epoch++
    this.#foundEnd = false
    this.#chunks.length = 0
    this.bufferedBytes = 0
    this.fetchOffset = this.position ?? 0
  }

  /** A fetch was answered without records: only at the end of the log that says something, elsewhere other partitions filled the answer. */
  foundNothing(endOffset: number): void {
    this.#foundEnd = this.fetchOffset >= endOffset
  }

  /** Answers false when the bytes do not hold one whole batch. */
  buffer(bytes: Buffer, aborted: readonly AbortedTransaction[]): boolean {
    const nextOffset = endOf(bytes, this.fetchOffset)
    if (nextOffset === undefined) return false
    this.#foundEnd = false
    this.#chunks.push({ bytes, aborted, nextOffset, records: undefined, taken: 0 })
    this.bufferedBytes += bytes.length
    this.fetchOffset = nextOffset
    return true
  }

  /**
   * Hands out up to `max` records. Undefined: nothing buffered; an empty array: the position moved without records (control batches, what
   * compaction left out). Throws CorruptBatchError and will fetch again from the position.
   */
  take(max: number, checkCrc: boolean): readonly FetchedRecord[] | undefined {
    const chunk = this.#chunks[0]
    if (chunk === undefined) return undefined
    const records = (chunk.records ??= this.#decode(chunk, checkCrc))
    const end = Math.min(records.length, chunk.taken + max)
    const taken = chunk.taken === 0 && end === records.length ? records : records.slice(chunk.taken, end)
    chunk.taken = end
    if (end === records.length) {
      this.#chunks.shift()
      this.bufferedBytes -= chunk.bytes.length
      this.position = chunk.nextOffset
    } else {
      this.position = records[end]!.offset
    }
    return taken
  }

  #decode(chunk: Chunk, checkCrc: boolean): readonly FetchedRecord[] {
    const aborted = chunk.aborted.length === 0 ? undefined : new AbortedTransactions(chunk.aborted)
    try {
      const { records } = readBatches(chunk.bytes, {
        topic: this.topic,
        partition: this.partition,
        from: this.position ?? 0,
        checkCrc,
        ...(aborted === undefined ? {} : { skip: (header) => aborted.contains(header) }),
      })
      return records
    } catch (error) {
      this.clear()
      throw error
    }
  }
}

/** The offset behind the last whole batch; undefined when there is none. */
function endOf(bytes: Buffer, from: number): number | undefined {
  let end: number | undefined
  for (let at = 0; at + BATCH_HEADER.size <= bytes.length;) {
    const header = readBatchHeader(bytes, at)
    at += header.bytes
    // damaged or of an old format: the decoder says so
    if (header.bytes < BATCH_HEADER.size || header.magic !== 2) return from
    if (at > bytes.length) break
    end = Math.max(from, header.lastOffset + 1)
  }
  return end
}
