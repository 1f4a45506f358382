/**
 * The seam under the three stores: an append-only log that is read from its beginning and then followed. Behind it stand a
 * Kafka topic (topic-log.ts), a file (file-log.ts) or memory (memory-log.ts).
 */
export interface LogRecord {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  /** `null` deletes what an earlier record with this key said. */
  readonly value: Buffer | null
}

export interface LogEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** Receives every record once, per partition in order, the log's history first. Synchronous; must not throw. */
export type LogReader = (records: readonly LogRecord[]) => void

export interface Log extends AsyncDisposable {
  /** Resolves when the entries are durable; all or, on an error, possibly some of them. The reader sees them later. */
  append(entries: readonly LogEntry[], signal?: AbortSignal): Promise<void>
  /** Resolves when the reader has seen everything that was in the log at the time of the call. */
  readToEnd(signal?: AbortSignal): Promise<void>
}

/** Opens a log; resolves when its history has been read. */
export type OpenLog = (reader: LogReader, signal?: AbortSignal) => Promise<Log>
