import type { SourceOffset, SourcePartition } from '../api/record.ts'
import type { Log, LogEntry, LogRecord, OpenLog } from './log.ts'
import { offsetKey, offsetValue, parseOffsetKey, parseOffsetValue } from './offset-records.ts'

export interface PartitionAndOffset {
  readonly partition: SourcePartition
  readonly offset: SourceOffset
}

interface Stored {
  readonly key: Buffer
  readonly value: Buffer
}

/** How far the source connectors are. Tasks append to the same log themselves; here it is read, and altered on request. */
export class OffsetBackingStore implements AsyncDisposable {
  /** By the key's bytes: they are the identity. */
  readonly #offsets = new Map<string, Stored>()
  #log: Log | undefined
  readonly #others: AsyncDisposable[] = []

  private constructor() {}

  static async open(options: { readonly open: OpenLog }, signal?: AbortSignal): Promise<OffsetBackingStore> {
    const store = new OffsetBackingStore()
    store.#log = await options.open((records) => store.#read(records), signal)
    return store
  }

  /** Something that lives no longer than the store. */
  closeWith(other: AsyncDisposable): void {
    this.#others.push(other)
  }

  #read(records: readonly LogRecord[]): void {
    for (const { key, value } of records) {
      if (key === null) continue
      if (value === null) this.#offsets.delete(identity(key))
      else this.#offsets.set(identity(key), { key, value })
    }
  }

  /** As committed before the call, in the order asked. */
  async read(
    connector: string,
    partitions: readonly SourcePartition[],
    signal?: AbortSignal,
  ): Promise<readonly (SourceOffset | undefined)[]> {
    await this.#log?.readToEnd(signal)
    return partitions.map((partition) => {
      const stored = this.#offsets.get(identity(offsetKey(connector, partition)))
      return stored && parseOffsetValue(stored.value)
    })
  }

  /** All offsets of one connector. */
  async list(connector: string, signal?: AbortSignal): Promise<readonly PartitionAndOffset[]> {
    await this.#log?.readToEnd(signal)
    const found: PartitionAndOffset[] = []
    for (const { key, value } of this.#offsets.values()) {
      const parsed = parseOffsetKey(key)
      if (parsed?.connector !== connector || parsed.partition === null) continue
      const offset = parseOffsetValue(value)
      if (offset !== undefined) found.push({ partition: parsed.partition, offset })
    }
    return found
  }

  /** Resolves when everything that is in the log now has been read. */
  async readToEnd(signal?: AbortSignal): Promise<void> {
    await this.#log?.readToEnd(signal)
  }

  /** Records as a task made them. */
  async append(records: readonly LogEntry[]): Promise<void> {
    await this.#log?.append(records)
  }

  /** A null offset removes the partition's. Resolves when durable and read back. */
  async write(
    connector: string,
    offsets: readonly { readonly partition: SourcePartition; readonly offset: SourceOffset | null }[],
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#log?.append(
      offsets.map(({ partition, offset }) => ({
        key: offsetKey(connector, partition),
        value: offset && offsetValue(offset),
      })),
      signal,
    )
    await this.#log?.readToEnd(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log?.[Symbol.asyncDispose]()
    for (const other of this.#others) await other[Symbol.asyncDispose]()
  }
}

function identity(key: Buffer): string {
  return key.toString('latin1')
}
