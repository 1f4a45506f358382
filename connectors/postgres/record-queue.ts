import type { EventRecord } from './change-event.ts'

/**
 * Records decoded before poll takes them. Decoder and poll share a thread, so more would save no time; but it would outlive the young
 * generation, and what waits is held cheaper by the socket, as bytes. In bench/snapshot.ts: half the scavenging time, 80 MB less.
 */
const AHEAD = 256

/**
 * Between the decoder and poll. Bounded by records and bytes; the decoder waits in `room()`, and so does the server behind it
 * (Invariant 8). Batches end only between units (Invariant 9).
 */
export class RecordQueue {
  readonly #maxRecords: number
  readonly #maxBytes: number
  #records: EventRecord[] = []
  #bytes = 0
  #failure: { readonly error: unknown } | undefined
  #arrival: (() => void) | undefined
  #departure: (() => void) | undefined

  constructor(options: { readonly maxRecords: number; readonly maxBytes: number }) {
    this.#maxRecords = Math.min(options.maxRecords, AHEAD)
    this.#maxBytes = options.maxBytes > 0 ? options.maxBytes : Infinity
  }

  get size(): number {
    return this.#records.length
  }

  get full(): boolean {
    return this.#records.length >= this.#maxRecords || this.#bytes >= this.#maxBytes
  }

  push(record: EventRecord): void {
    this.#records.push(record)
    this.#bytes += record.bytes
  }

  /** After one or several pushes: wakes a waiting poll. */
  publish(): void {
    if (this.#records.length > 0) this.#arrival?.()
  }

  /** Waits until the queue is no longer full; false: aborted. */
  async room(signal: AbortSignal): Promise<boolean> {
    while (this.full && !signal.aborted) {
      await waitFor(signal, (wake) => {
        this.#departure = wake
      })
    }
    return !signal.aborted
  }

  /** Everything up to `max`, more only to complete a unit; waits for the first. Empty: aborted. Throws what `fail` was given. */
  async take(max: number, signal: AbortSignal): Promise<readonly EventRecord[]> {
    while (this.#records.length === 0) {
      if (signal.aborted) return []
      if (this.#failure !== undefined) throw this.#failure.error
      await waitFor(signal, (wake) => {
        this.#arrival = wake
      })
    }
    const batch = this.#cut(max)
    this.#departure?.()
    return batch
  }

  /** No more records will come. Those that are waiting are still handed out. */
  fail(error: unknown): void {
    this.#failure = { error }
    this.#arrival?.()
  }

  #cut(max: number): readonly EventRecord[] {
    const records = this.#records
    let end = Math.min(max, records.length)
    while (end < records.length && records[end - 1]!.continues) end++
    if (end === records.length) {
      this.#records = []
      this.#bytes = 0
      return records
    }
    const batch = records.slice(0, end)
    this.#records = records.slice(end)
    for (const record of batch) this.#bytes -= record.bytes
    return batch
  }
}

async function waitFor(signal: AbortSignal, register: (wake: () => void) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const wake = () => resolve()
  register(wake)
  signal.addEventListener('abort', wake, { once: true })
  await promise
  signal.removeEventListener('abort', wake)
}
