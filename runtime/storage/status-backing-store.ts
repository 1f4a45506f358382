import type { Logger } from '../api/logger.ts'
import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import type { Log, LogRecord, OpenLog } from './log.ts'
import { encodeStatusRecord, parseStatusRecord, subjectKey } from './status-records.ts'
import type { Status, StatusRecord, StatusSubject, TopicStatus } from './status-records.ts'

export interface StatusBackingStoreOptions {
  readonly open: OpenLog
  readonly logger: Logger
  readonly workerId: string
}

/**
 * The facts of the cluster: who runs what, and which topics are used. Any worker answers from its own copy. Writing never waits for Kafka:
 * statuses queue up, and of those that could not be written only the newest per subject is tried again.
 */
export class StatusBackingStore implements AsyncDisposable {
  readonly #options: StatusBackingStoreOptions
  readonly #connectors = new Map<string, Status>()
  readonly #tasks = new Map<string, Map<number, Status>>()
  readonly #topics = new Map<string, Map<string, TopicStatus>>()
  /** Subjects whose newest status is ours and on its way: by it we know better than by what was read. */
  readonly #unread = new Set<string>()
  readonly #closing = new AbortController()
  #log: Log | undefined
  #queue: StatusRecord[] = []
  #writing: Promise<void> | undefined

  private constructor(options: StatusBackingStoreOptions) {
    this.#options = options
  }

  static async open(options: StatusBackingStoreOptions, signal?: AbortSignal): Promise<StatusBackingStore> {
    const store = new StatusBackingStore(options)
    store.#log = await options.open((records) => store.#read(records), signal)
    return store
  }

  connector(name: string): Status | undefined {
    return this.#connectors.get(name)
  }

  task(connector: string, task: number): Status | undefined {
    return this.#tasks.get(connector)?.get(task)
  }

  /** By task number. */
  tasks(connector: string): readonly (readonly [task: number, status: Status])[] {
    return [...(this.#tasks.get(connector) ?? [])].sort(([a], [b]) => a - b)
  }

  /** Names with a status of their own or of a task. */
  connectors(): readonly string[] {
    return [...new Set([...this.#connectors.keys(), ...this.#tasks.keys()])]
  }

  topics(connector: string): readonly TopicStatus[] {
    return [...(this.#topics.get(connector)?.values() ?? [])]
  }

  knowsTopic(connector: string, topic: string): boolean {
    return this.#topics.get(connector)?.has(topic) ?? false
  }

  put(subject: StatusSubject, status: Status): void {
    this.#enqueue({ kind: 'status', subject, status })
  }

  /** Unless another worker, in a newer generation, has said something about the subject. For UNASSIGNED and FAILED: news that may be late. */
  putSafely(subject: StatusSubject, status: Status): void {
    const known = this.#status(subject)
    const ours =
      this.#unread.has(subjectKey(subject)) ||
      known === undefined ||
      known.workerId === status.workerId ||
      known.generation <= status.generation
    if (ours) this.put(subject, status)
  }

  putTopic(used: TopicStatus): void {
    this.#enqueue({ kind: 'topic', topic: used.topic, connector: used.connector, used })
  }

  removeTopics(connector: string): void {
    for (const { topic } of this.topics(connector)) this.#enqueue({ kind: 'topic', topic, connector, used: null })
  }

  /** Nothing of that name exists any more. */
  remove(subject: StatusSubject): void {
    this.#enqueue({ kind: 'status', subject, status: null })
  }

  #status({ connector, task }: StatusSubject): Status | undefined {
    return task === undefined ? this.connector(connector) : this.task(connector, task)
  }

  #enqueue(record: StatusRecord): void {
    if (record.kind === 'status' && record.status !== null) this.#unread.add(subjectKey(record.subject))
    this.#queue.push(record)
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
  }

  async #write(): Promise<void> {
    const backoff = new Backoff({ initialMs: 100, maxMs: 5_000 })
    while (this.#queue.length > 0 && this.#log !== undefined) {
      const batch = this.#queue
      this.#queue = []
      try {
        await this.#log.append(batch.map(encodeStatusRecord), this.#closing.signal)
      } catch (error) {
        if (this.#closing.signal.aborted) return
        this.#options.logger.warn('statuses could not be written; trying again', { error })
        this.#queue = newestPerKey([...batch, ...this.#queue])
        await sleep(backoff.next(), this.#closing.signal)
      }
    }
  }

  /** Everything put so far is in the log and read back; gives up when the signal aborts. */
  async flush(signal: AbortSignal): Promise<void> {
    while (this.#writing !== undefined && !signal.aborted) await Promise.race([this.#writing, sleep(60_000, signal)])
    if (!signal.aborted) await this.#log?.readToEnd(signal)
  }

  #read(records: readonly LogRecord[]): void {
    for (const record of records) {
      const parsed = parseStatusRecord(record)
      if (parsed === undefined)
        this.#options.logger.warn(`skipped a record of the status log at offset ${record.offset}`)
      else if (parsed.kind === 'topic') this.#readTopic(parsed)
      else this.#readStatus(parsed.subject, parsed.status)
    }
  }

  #readStatus(subject: StatusSubject, status: Status | null): void {
    const { connector, task } = subject
    if (status === null || status.workerId === this.#options.workerId) this.#unread.delete(subjectKey(subject))
    if (status !== null && isLate(status, this.#status(subject))) return
    if (task === undefined) {
      if (status === null) this.#connectors.delete(connector)
      else this.#connectors.set(connector, status)
      return
    }
    const tasks = this.#tasks.get(connector) ?? new Map<number, Status>()
    if (status === null) tasks.delete(task)
    else tasks.set(task, status)
    if (tasks.size === 0) this.#tasks.delete(connector)
    else this.#tasks.set(connector, tasks)
  }

  #readTopic({ topic, connector, used }: Extract<StatusRecord, { kind: 'topic' }>): void {
    const topics = this.#topics.get(connector) ?? new Map<string, TopicStatus>()
    if (used === null) topics.delete(topic)
    else topics.set(topic, used)
    if (topics.size === 0) this.#topics.delete(connector)
    else this.#topics.set(connector, topics)
  }

  /** What is still queued gets a moment to be written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush(AbortSignal.timeout(1_000)).catch(() => undefined)
    this.#closing.abort()
    await this.#log?.[Symbol.asyncDispose]()
  }
}

/** A worker that lost an instance says UNASSIGNED, possibly after the next owner said RUNNING. */
function isLate(status: Status, known: Status | undefined): boolean {
  if (status.state !== 'UNASSIGNED' || known?.state !== 'RUNNING') return false
  return known.workerId === status.workerId
    ? known.generation > status.generation
    : known.generation >= status.generation
}

function newestPerKey(records: readonly StatusRecord[]): StatusRecord[] {
  const newest = new Map<string, StatusRecord>()
  for (const record of records) {
    const key = record.kind === 'status' ? subjectKey(record.subject) : `topic ${record.topic} ${record.connector}`
    newest.delete(key)
    newest.set(key, record)
  }
  return [...newest.values()]
}
