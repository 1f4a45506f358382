import type { Message, SeenRecord } from '../../connectors/tell.ts'

const PATIENCE_MS = 60_000

/** What has happened to a connector or a task so far, in sums. */
export interface Counts {
  readonly starts: number
  readonly stops: number
  readonly records: number
  readonly commits: number
}

/** A count that grows, and tests that wait for it. */
abstract class Handle {
  readonly name: string
  /** Where it was blocked so far: `Connector::start`, … */
  readonly blockedAt: string[] = []
  starts = 0
  stops = 0
  abstract readonly records: number
  abstract readonly commits: number
  readonly #looks = new Set<() => void>()

  constructor(name: string) {
    this.name = name
  }

  /** Resolves when `condition` holds; looks after each message. Rejects with what it saw last. */
  until(what: string, condition: (handle: this) => boolean, timeoutMs = PATIENCE_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#looks.delete(look)
        reject(new Error(`${this.name}: ${what}: not within ${timeoutMs} ms; seen: ${JSON.stringify(this.counts)}`))
      }, timeoutMs)
      const look = (): void => {
        if (!condition(this)) return
        this.#looks.delete(look)
        clearTimeout(timer)
        resolve()
      }
      this.#looks.add(look)
      look()
    })
  }

  get counts(): Counts {
    const { starts, stops, records, commits } = this
    return { starts, stops, records, commits }
  }

  /** In all, since the handle was made; with `since`, as much more than then. */
  async awaitStarts(count: number, since?: Counts): Promise<void> {
    await this.until(`${count} starts`, ({ starts }) => starts >= (since?.starts ?? 0) + count)
  }

  async awaitStops(count: number, since?: Counts): Promise<void> {
    await this.until(`${count} stops`, ({ stops }) => stops >= (since?.stops ?? 0) + count)
  }

  async awaitRecords(count: number, since?: Counts): Promise<void> {
    await this.until(`${count} records`, ({ records }) => records >= (since?.records ?? 0) + count)
  }

  async awaitCommits(count: number, since?: Counts): Promise<void> {
    await this.until(`${count} commits`, ({ commits }) => commits >= (since?.commits ?? 0) + count)
  }

  async awaitBlocked(at: string): Promise<void> {
    await this.until(`blocked in ${at}`, ({ blockedAt }) => blockedAt.includes(at))
  }

  protected look(): void {
    for (const look of this.#looks) look()
  }
}

/** One task: its starts and stops, the records it made or was given, and those that were committed. */
export class TaskHandle extends Handle {
  readonly task: number
  records = 0
  commits = 0
  /** Records that a sink was given, in order. */
  readonly received: SeenRecord[] = []
  /** Calls of a sink's open, close and preCommit, in order, with `topic-partition`. */
  readonly calls: { readonly call: 'open' | 'close' | 'pre-commit'; readonly partitions: readonly string[] }[] = []

  constructor(connector: string, task: number) {
    super(`${connector}-${task}`)
    this.task = task
  }

  /** The partitions that are open now. */
  get assignment(): readonly string[] {
    const open = new Set<string>()
    for (const { call, partitions } of this.calls) {
      if (call === 'open') for (const each of partitions) open.add(each)
      else if (call === 'close') for (const each of partitions) open.delete(each)
    }
    return [...open].sort()
  }

  take(message: Message): void {
    switch (message.type) {
      case 'start':
        this.starts++
        break
      case 'stop':
        this.stops++
        break
      case 'records':
      case 'commits':
        this[message.type] += message.count
        break
      case 'put':
        this.records += message.records.length
        this.received.push(...message.records)
        break
      case 'open':
      case 'close':
      case 'pre-commit':
        this.calls.push({ call: message.type, partitions: message.partitions })
        break
      case 'blocked':
        this.blockedAt.push(message.at)
        break
    }
    this.look()
  }
}

/** A connector and its tasks. Starts and stops are those of the connector itself; records and commits are its tasks' sums. */
export class ConnectorHandle extends Handle {
  readonly #tasks = new Map<number, TaskHandle>()
  readonly #release: (at: string) => void

  constructor(name: string, release: (at: string) => void) {
    super(name)
    this.#release = release
  }

  task(task: number): TaskHandle {
    const known = this.#tasks.get(task)
    if (known !== undefined) return known
    const made = new TaskHandle(this.name, task)
    this.#tasks.set(task, made)
    return made
  }

  /** All tasks that were heard of, by number. */
  get tasks(): readonly TaskHandle[] {
    return [...this.#tasks.values()].sort((a, b) => a.task - b.task)
  }

  get records(): number {
    return this.tasks.reduce((sum, { records }) => sum + records, 0)
  }

  get commits(): number {
    return this.tasks.reduce((sum, { commits }) => sum + commits, 0)
  }

  /** What all sink tasks were given, task by task. */
  get received(): readonly SeenRecord[] {
    return this.tasks.flatMap(({ received }) => received)
  }

  /** Lets everybody go on who is blocked there now, connector or tasks. */
  release(at: string): void {
    this.#release(at)
  }

  take(message: Message): void {
    if (message.task !== undefined) {
      if (message.type === 'blocked') this.blockedAt.push(message.at)
      this.task(message.task).take(message)
    } else if (message.type === 'start') this.starts++
    else if (message.type === 'stop') this.stops++
    else if (message.type === 'blocked') this.blockedAt.push(message.at)
    this.look()
  }
}
