import type { Logger } from '../api/index.ts'
import type { TaskIsolation } from '../config/connector-config.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import { InlineIsolate } from './inline-isolate.ts'
import type { Isolate, IsolateEvents } from './isolate.ts'
import { defaultMemoryMaxMb } from './memory-limit.ts'
import type { GuestSettings, LogLevels } from './messages.ts'
import { ProcessCarrier } from './process-carrier.ts'
import { ThreadCarrier } from './thread-carrier.ts'
import { WatchedIsolate } from './watched-isolate.ts'

const METRICS_INTERVAL_MS = 5000
/** Threads that were started ahead of their tasks wait so long for them. */
const SPARE_MS = 60_000

/** Which guest lives where. Threads exist only while somebody lives in them, or is expected to. */
export class IsolatePool implements AsyncDisposable {
  readonly #logLevels: () => LogLevels
  readonly #config: WorkerConfig
  readonly #plugins: PluginRegistry
  readonly #logger: Logger
  readonly #events: IsolateEvents
  readonly #beforeWork: () => void
  readonly #shared = new Set<WatchedIsolate>()
  readonly #dedicated = new Set<WatchedIsolate>()
  readonly #ending = new Set<Promise<void>>()
  readonly #processes = new Map<string, WatchedIsolate>()
  #connectors: WatchedIsolate | undefined
  #inline: InlineIsolate | undefined
  #threads = 0

  constructor(options: {
    readonly logLevels: () => LogLevels
    readonly config: WorkerConfig
    readonly plugins: PluginRegistry
    readonly logger: Logger
    readonly events: IsolateEvents
    /** Called when a thread or process is about to start, and before anything runs in this one. */
    readonly beforeWork: () => void
  }) {
    this.#logLevels = options.logLevels
    this.#beforeWork = options.beforeWork
    this.#config = options.config
    this.#plugins = options.plugins
    this.#logger = options.logger
    const { events } = options
    this.#events = {
      report: (isolate, report) => events.report(isolate, report),
      hangs: (isolate) => events.hangs(isolate),
      ended: (isolate, end) => {
        this.#forget(isolate)
        events.ended(isolate, end)
      },
    }
  }

  /**
   * Starts the threads that so many tasks and their connectors will fill, and waits until they take guests at once. Task threads that are still empty
   * after SPARE_MS are ended; that of the connectors also answers questions about classes of which none runs.
   */
  async warmUp(tasks: number): Promise<void> {
    if (tasks === 0 || this.#config.common['task.isolation'] !== 'shared') return
    const wanted = Math.min(tasks, this.#config.taskThreadsMax)
    while (this.#shared.size < wanted) this.#newSharedThread()
    this.forConnectors()
    const spare = setTimeout(() => this.#shared.forEach((thread) => this.release(thread)), SPARE_MS)
    spare.unref()
    await Promise.all(this.#watched().map((isolate) => isolate.ready))
  }

  forTask(isolation: TaskIsolation, connector: string): Isolate {
    switch (isolation) {
      case 'process':
        return this.process(connector)
      case 'inline':
        return this.inline()
      case 'dedicated':
        return this.dedicated()
      case 'shared':
        return this.#sharedThread()
    }
  }

  /** The thread of all connectors. */
  forConnectors(): Isolate {
    this.#connectors ??= this.#newThread('connectors')
    return this.#connectors
  }

  get connectorThread(): Isolate | undefined {
    return this.#connectors
  }

  dedicated(): Isolate {
    const thread = this.#newThread(`task-thread-${++this.#threads}`)
    this.#dedicated.add(thread)
    return thread
  }

  /** The child process of this connector: of the connector itself and of its tasks. */
  process(connector: string): Isolate {
    let found = this.#processes.get(connector)
    if (found === undefined) {
      found = this.#newProcess(connector)
      this.#processes.set(connector, found)
    }
    return found
  }

  /** A child process that is shared with nobody. */
  ownProcess(connector: string): Isolate {
    const isolate = this.#newProcess(connector)
    this.#dedicated.add(isolate)
    return isolate
  }

  inline(): Isolate {
    if (this.#inline !== undefined) return this.#inline
    this.#beforeWork()
    return (this.#inline = new InlineIsolate({
      worker: this.#config,
      plugins: this.#plugins,
      logger: this.#logger,
      metricsIntervalMs: METRICS_INTERVAL_MS,
      events: this.#events,
    }))
  }

  /** Ends the isolate at once, whoever lives there; its end is not reported. */
  async end(isolate: Isolate): Promise<void> {
    this.#forget(isolate)
    const ending = isolate.terminate().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
    await ending
  }

  /** Ends a thread that nobody lives in any more. */
  release(isolate: Isolate): void {
    if (isolate.instances.size > 0 || isolate === this.#inline) return
    void this.end(isolate)
  }

  /** Code of plugins has changed: who moves in from here on does not come to threads that know the old one. They end with their last guest. */
  renew(): void {
    for (const isolate of this.#watched()) {
      this.#dedicated.add(isolate)
      if (isolate.instances.size === 0) void this.end(isolate)
    }
    this.#shared.clear()
    this.#processes.clear()
    this.#connectors = undefined
  }

  /** A thread of its own for each task, up to the limit; then the one with fewest tasks, rather one that answers. */
  #sharedThread(): WatchedIsolate {
    const burden = (thread: WatchedIsolate): number => thread.instances.size + (thread.silentMs > 2000 ? 1000 : 0)
    const isSpare = (thread: WatchedIsolate): boolean => burden(thread) === 0
    if (this.#shared.size < this.#config.taskThreadsMax)
      return [...this.#shared].find(isSpare) ?? this.#newSharedThread()
    return [...this.#shared].reduce((least, thread) => (burden(thread) < burden(least) ? thread : least))
  }

  #newSharedThread(): WatchedIsolate {
    const thread = this.#newThread(`task-thread-${++this.#threads}`)
    this.#shared.add(thread)
    return thread
  }

  #newThread(name: string): WatchedIsolate {
    this.#beforeWork()
    const memoryMaxMb = this.#memoryMaxMb
    const settings = this.#settings()
    return new WatchedIsolate({
      ...{ name, memoryMaxMb, events: this.#events, logger: this.#logger },
      carrier: (events) => new ThreadCarrier({ name, settings, memoryMaxMb, events }),
    })
  }

  #newProcess(connector: string): WatchedIsolate {
    this.#beforeWork()
    const name = `${connector}/${++this.#threads}`
    const memoryMaxMb = this.#memoryMaxMb
    const settings = this.#settings()
    const logger = this.#logger.child(`[${connector}|process]`)
    return new WatchedIsolate({
      ...{ name, memoryMaxMb, events: this.#events, logger },
      carrier: (events) => new ProcessCarrier({ name, settings, memoryMaxMb, events, logger }),
    })
  }

  get #memoryMaxMb(): number {
    return this.#config.common['task.memory.max.mb'] ?? defaultMemoryMaxMb()
  }

  #settings(): GuestSettings {
    const { props, mode } = this.#config
    return { workerProps: props, mode, metricsIntervalMs: METRICS_INTERVAL_MS, logLevels: this.#logLevels() }
  }

  #forget(isolate: Isolate): void {
    this.#shared.delete(isolate as WatchedIsolate)
    this.#dedicated.delete(isolate as WatchedIsolate)
    if (this.#connectors === isolate) this.#connectors = undefined
    for (const [connector, each] of this.#processes) if (each === isolate) this.#processes.delete(connector)
  }

  /** Levels of loggers have changed: also in what runs already. */
  logLevelsChanged(): void {
    const levels = this.#logLevels()
    for (const isolate of this.#watched()) isolate.post({ type: 'log-levels', levels })
  }

  #watched(): readonly WatchedIsolate[] {
    const connectors = this.#connectors === undefined ? [] : [this.#connectors]
    return [...this.#shared, ...this.#dedicated, ...this.#processes.values(), ...connectors]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all: Isolate[] = [...this.#watched()]
    if (this.#inline !== undefined) all.push(this.#inline)
    await Promise.all(all.map((isolate) => this.end(isolate)))
    await Promise.all(this.#ending)
  }
}
