import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConnectError } from '../api/errors.ts'
import { isJavaSerialized, javaOffsets, readJavaOffsets } from './java-offset-file.ts'
import type { Log, LogEntry, LogReader, LogRecord } from './log.ts'

type Entries = ReadonlyMap<string, LogEntry>

/**
 * A log in one file, of which the newest record of each key is kept, in the form of Kafka Connect's standalone worker (java-offset-file.ts): either
 * program goes on where the other stopped. An append rewrites the file beside the old one and renames it, so that a kill leaves one of the
 * two whole; appends that come meanwhile share the next turn.
 */
export class FileLog implements Log {
  readonly #path: string
  readonly #reader: LogReader
  readonly #entries: Map<string, LogEntry>
  #offset: number
  #next: { readonly entries: LogEntry[]; readonly written: Promise<void> } | undefined
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, reader: LogReader, entries: Entries) {
    this.#path = path
    this.#reader = reader
    this.#entries = new Map(entries)
    this.#offset = entries.size
  }

  static async open(path: string, reader: LogReader): Promise<FileLog> {
    const entries = await readEntries(path)
    await mkdir(dirname(path), { recursive: true })
    const records = [...entries.values()].map(toRecord)
    if (records.length > 0) reader(records)
    return new FileLog(path, reader, entries)
  }

  append(entries: readonly LogEntry[]): Promise<void> {
    if (this.#next === undefined) {
      const together: LogEntry[] = []
      const written = this.#writing.then(() => this.#write(together))
      this.#next = { entries: together, written }
      this.#writing = written.catch(() => undefined)
    }
    this.#next.entries.push(...entries)
    return this.#next.written
  }

  async #write(entries: readonly LogEntry[]): Promise<void> {
    this.#next = undefined
    const after = applied(this.#entries, entries)
    await replace(this.#path, javaOffsets([...after.values()]))
    for (const [key, entry] of after) this.#entries.set(key, entry)
    for (const key of this.#entries.keys()) if (!after.has(key)) this.#entries.delete(key)
    this.#reader(entries.map((entry, index) => toRecord(entry, this.#offset + index)))
    this.#offset += entries.length
  }

  async readToEnd(): Promise<void> {
    await this.#writing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
  }
}

/** The newest entry of each key that was not removed. */
function applied(before: Entries, entries: readonly LogEntry[]): Map<string, LogEntry> {
  const after = new Map(before)
  for (const entry of entries) {
    const key = Buffer.from(entry.key).toString('latin1')
    after.delete(key)
    if (entry.value !== null) after.set(key, entry)
  }
  return after
}

async function readEntries(path: string): Promise<Entries> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw new ConnectError(`cannot read the offset file ${path}: ${error.message}`, { cause: error })
  })
  try {
    return applied(new Map(), bytes.length === 0 || isJavaSerialized(bytes) ? javaEntries(bytes) : jsonEntries(bytes))
  } catch (error) {
    throw new ConnectError(
      `${path} is not an offset file, or is damaged: ${(error as Error).message}. ` +
        'Move it away to begin without offsets, or name another file in offset.storage.file.filename',
      { cause: error },
    )
  }
}

function javaEntries(bytes: Buffer): readonly LogEntry[] {
  if (bytes.length === 0) return []
  return readJavaOffsets(bytes).flatMap(({ key, value }) => (key === null ? [] : [{ key, value }]))
}

/** Files of version 0.1: a line `{"key": base64, "value": base64 or null}` per record, of which the last may be torn. */
function jsonEntries(bytes: Buffer): readonly LogEntry[] {
  const lines = bytes.toString('utf8').split('\n')
  lines.pop()
  if (lines.length === 0) throw new ConnectError('it is neither of Java nor of version 0.1')
  return lines.map((line) => {
    const { key, value } = JSON.parse(line) as { readonly key: string; readonly value: string | null }
    return { key: Buffer.from(key, 'base64'), value: value === null ? null : Buffer.from(value, 'base64') }
  })
}

async function replace(path: string, bytes: Buffer): Promise<void> {
  const fresh = `${path}.new`
  {
    await using file = await open(fresh, 'w')
    await file.writeFile(bytes)
    await file.datasync()
  }
  await rename(fresh, path)
}

function toRecord({ key, value }: LogEntry, offset: number): LogRecord {
  return { partition: 0, offset, key: Buffer.from(key), value: value === null ? null : Buffer.from(value) }
}
