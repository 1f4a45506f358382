import type { Logger } from '../api/index.ts'
import type { TaskIsolation } from '../config/connector-config.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import { InlineIsolate } from './inline-isolate.ts'
import type { Isolate, IsolateEvents } from './isolate.ts'
import { defaultMemoryMaxMb } from './memory-limit.ts'
import { ThreadIsolate } from './thread-isolate.ts'

const METRICS_INTERVAL_MS = 5000

/** Which guest lives where. Threads exist only while somebody lives in them. */
export class IsolatePool implements AsyncDisposable {
  readonly #config: WorkerConfig
  readonly #plugins: PluginRegistry
  readonly #logger: Logger
  readonly #events: IsolateEvents
  readonly #shared = new Set<ThreadIsolate>()
  readonly #dedicated = new Set<ThreadIsolate>()
  readonly #ending = new Set<Promise<void>>()
  #connectors: ThreadIsolate | undefined
  #inline: InlineIsolate | undefined
  #threads = 0

  constructor(options: {
    readonly config: WorkerConfig
    readonly plugins: PluginRegistry
    readonly logger: Logger
    readonly events: IsolateEvents
  }) {
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

  forTask(isolation: TaskIsolation): Isolate {
    switch (isolation) {
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

  inline(): Isolate {
    this.#inline ??= new InlineIsolate({
      worker: this.#config,
      plugins: this.#plugins,
      logger: this.#logger,
      metricsIntervalMs: METRICS_INTERVAL_MS,
      events: this.#events,
    })
    return this.#inline
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

  /** A thread of its own for each task, up to the limit; then the one with fewest tasks, rather one that answers. */
  #sharedThread(): ThreadIsolate {
    const burden = (thread: ThreadIsolate): number => thread.instances.size + (thread.silentMs > 2000 ? 1000 : 0)
    if (this.#shared.size >= this.#config.taskThreadsMax)
      return [...this.#shared].reduce((least, thread) => (burden(thread) < burden(least) ? thread : least))
    const thread = this.#newThread(`task-thread-${++this.#threads}`)
    this.#shared.add(thread)
    return thread
  }

  #newThread(name: string): ThreadIsolate {
    const { common, props, mode } = this.#config
    return new ThreadIsolate({
      name,
      workerProps: props,
      mode,
      debug: ['DEBUG', 'TRACE', 'ALL'].includes(common['log.level'].toUpperCase()),
      metricsIntervalMs: METRICS_INTERVAL_MS,
      memoryMaxMb: common['task.memory.max.mb'] ?? defaultMemoryMaxMb(),
      events: this.#events,
      logger: this.#logger,
    })
  }

  #forget(isolate: Isolate): void {
    this.#shared.delete(isolate as ThreadIsolate)
    this.#dedicated.delete(isolate as ThreadIsolate)
    if (this.#connectors === isolate) this.#connectors = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all: Isolate[] = [...this.#shared, ...this.#dedicated]
    if (this.#connectors !== undefined) all.push(this.#connectors)
    if (this.#inline !== undefined) all.push(this.#inline)
    await Promise.all(all.map((isolate) => this.end(isolate)))
    await Promise.all(this.#ending)
  }
}
