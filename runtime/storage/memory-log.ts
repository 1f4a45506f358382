import type { Log, LogEntry, LogReader, LogRecord, OpenLog } from './log.ts'

/** A log in memory. Several readers may follow one: workers of one process that share their topics. */
export class MemoryLog {
  readonly #records: LogRecord[] = []
  readonly #readers = new Set<LogReader>()

  /** Bound, so that it can be handed to a store: `open: log.open`. */
  readonly open: OpenLog = (reader) => {
    this.#readers.add(reader)
    if (this.#records.length > 0) reader([...this.#records])
    const log: Log = {
      append: (entries) => Promise.resolve(this.append(entries)),
      readToEnd: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => {
        this.#readers.delete(reader)
        return Promise.resolve()
      },
    }
    return Promise.resolve(log)
  }

  get records(): readonly LogRecord[] {
    return this.#records
  }

  append(entries: readonly LogEntry[]): void {
    const added = entries.map(({ key, value }, index) => ({
      partition: 0,
      offset: this.#records.length + index,
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    }))
    this.#records.push(...added)
    for (const reader of this.#readers) reader(added)
  }
}
