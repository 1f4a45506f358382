import { mkdir, open, readFile, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConnectError } from '../api/errors.ts'
import type { Log, LogEntry, LogReader, LogRecord } from './log.ts'

/**
 * A log in one file: a line `{"key":<base64>,"value":<base64 or null>}` per record, synced before an append resolves. Opening
 * compacts it: only the newest record of each key stays. A torn last line (the process was killed in the middle of a write) is
 * dropped: its append was never confirmed.
 */
export class FileLog implements Log {
  readonly #file: FileHandle
  readonly #reader: LogReader
  #offset: number
  #writing: Promise<void> = Promise.resolve()

  private constructor(file: FileHandle, reader: LogReader, offset: number) {
    this.#file = file
    this.#reader = reader
    this.#offset = offset
  }

  static async open(path: string, reader: LogReader): Promise<FileLog> {
    const entries = await readEntries(path)
    const file = await rewrite(path, entries)
    const records = entries.map((entry, offset) => toRecord(entry, offset))
    if (records.length > 0) reader(records)
    return new FileLog(file, reader, records.length)
  }

  append(entries: readonly LogEntry[]): Promise<void> {
    const written = this.#writing.then(() => this.#write(entries))
    this.#writing = written.catch(() => undefined)
    return written
  }

  async #write(entries: readonly LogEntry[]): Promise<void> {
    await this.#file.appendFile(entries.map(toLine).join(''))
    await this.#file.datasync()
    const records = entries.map((entry) => toRecord(entry, this.#offset++))
    this.#reader(records)
  }

  async readToEnd(): Promise<void> {
    await this.#writing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#file.close()
  }
}

async function readEntries(path: string): Promise<readonly LogEntry[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new ConnectError(`cannot read the offset file ${path}`, { cause: error })
  })
  const lines = text.split('\n')
  lines.pop()
  const newest = new Map<string, LogEntry>()
  for (const line of lines) {
    const { key, value } = parseLine(path, line)
    newest.delete(key)
    if (value !== null) newest.set(key, { key: Buffer.from(key, 'base64'), value: Buffer.from(value, 'base64') })
  }
  return [...newest.values()]
}

function parseLine(path: string, line: string): { readonly key: string; readonly value: string | null } {
  try {
    const parsed = JSON.parse(line) as { key?: unknown; value?: unknown }
    if (typeof parsed.key === 'string' && (parsed.value === null || typeof parsed.value === 'string'))
      return { key: parsed.key, value: parsed.value }
  } catch (error) {
    throw unreadable(path, error)
  }
  throw unreadable(path)
}

function unreadable(path: string, cause?: unknown): ConnectError {
  return new ConnectError(
    `${path} is not an offset file of this program: one JSON line per offset was expected. ` +
      'Offset files of a Java worker cannot be read; name another file or carry the offsets over by PATCH /connectors/{name}/offsets',
    { cause },
  )
}

/** A new file beside the old one, renamed over it, so that a crash leaves one of the two whole. */
async function rewrite(path: string, entries: readonly LogEntry[]): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true })
  const fresh = `${path}.new`
  const file = await open(fresh, 'w')
  try {
    await file.writeFile(entries.map(toLine).join(''))
    await file.datasync()
    await rename(fresh, path)
  } catch (error) {
    await file.close()
    throw error
  }
  return file
}

function toLine({ key, value }: LogEntry): string {
  const encoded = value === null ? null : Buffer.from(value).toString('base64')
  return `${JSON.stringify({ key: Buffer.from(key).toString('base64'), value: encoded })}\n`
}

function toRecord({ key, value }: LogEntry, offset: number): LogRecord {
  return { partition: 0, offset, key: Buffer.from(key), value: value === null ? null : Buffer.from(value) }
}
