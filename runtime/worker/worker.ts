import { ConnectError, NotFoundError, UnreachableError } from '../api/index.ts'
import type { ConfigDef, ConfigValue, Logger, Props, Support } from '../api/index.ts'
import { Secrets } from '../config/secrets.ts'
import type { Isolate, IsolateEvents } from '../isolate/isolate.ts'
import { IsolatePool } from '../isolate/isolate-pool.ts'
import type { InstanceId, OffsetChange, Report } from '../isolate/messages.ts'
import type { MetricSample } from '../telemetry/metrics.ts'
import { ConnectorClasses } from './connector-classes.ts'
import { GuestQuestions } from './guest-questions.ts'
import { HeldThreads } from './held-threads.ts'
import { inlineClasses } from './inline-classes.ts'
import type { ConnectorStart, TaskStart } from './launch-spec.ts'
import { taskName } from './lifecycle-state.ts'
import type { InstanceState, TargetState, TaskId } from './lifecycle-state.ts'
import type { Resident } from './resident.ts'
import { Residents } from './residents.ts'
import { taskProgress } from './task-progress.ts'
import type { TaskProgress } from './task-progress.ts'
import { found, pluginSamples } from './plugin-metrics.ts'
import { SecretReloads } from './secret-reloads.ts'
import { workerConnector } from './worker-connector.ts'
import { Startups, workerSamples } from './worker-metrics.ts'
import type { WorkerOptions } from './worker-options.ts'
import { workerTask } from './worker-task.ts'
import type { ResidentEnvironment } from './worker-task.ts'

export type { TaskProgress } from './task-progress.ts'
export type { ConnectorStart, TaskStart } from './launch-spec.ts'
export type { InstanceState, TargetState, TaskId } from './lifecycle-state.ts'
export type { OffsetRecord, WorkerEvents, WorkerOptions } from './worker-options.ts'

/** The connectors and tasks of this process. Knows nothing of REST, groups or the config topic. */
export class Worker implements AsyncDisposable {
  readonly #options: WorkerOptions
  readonly #logger: Logger
  readonly #secrets: Secrets
  readonly #secretReloads: SecretReloads
  readonly #pool: IsolatePool
  readonly #residents: Residents
  readonly #environment: ResidentEnvironment
  readonly #classes: ConnectorClasses
  readonly #held: HeldThreads
  readonly #questions: GuestQuestions
  readonly #connectors = new Map<string, { readonly spec: ConnectorStart; readonly resident: Resident }>()
  readonly #tasks = new Map<string, { readonly spec: TaskStart; readonly resident: Resident }>()
  readonly #connectorStartups = new Startups()
  readonly #taskStartups = new Startups()

  constructor(options: WorkerOptions) {
    const { config, plugins, logger, metrics } = options
    this.#options = options
    this.#logger = logger
    this.#secrets = Secrets.configure(config.props, (className) => plugins.configProvider(className))
    this.#secretReloads = new SecretReloads(this.#secrets)
    const events: IsolateEvents = {
      report: (isolate, report) => this.#onReport(isolate, report),
      hangs: (isolate) => this.#held.hangs(isolate),
      ended: (isolate, end) => this.#residents.houseLost(isolate, end),
    }
    const pool = new IsolatePool({
      ...{ config, plugins, logger, events },
      logLevels: options.logLevels ?? (() => []),
      beforeWork: options.beforeWork ?? (() => undefined),
    })
    this.#pool = pool
    this.#residents = new Residents({ pool: () => pool, logger })
    this.#environment = {
      ...{ config, plugins, secrets: this.#secrets, pool, residents: this.#residents },
      onlyInline: inlineClasses(options.extraPlugins ?? []),
      sourceStarts: config.exactlyOnce === 'enabled' ? options.sourceStarts : undefined,
    }
    this.#held = new HeldThreads({
      config,
      logger,
      pool,
      residents: this.#residents,
      tasks: () => this.#tasks.values(),
    })
    this.#questions = new GuestQuestions({
      worker: options,
      secrets: this.#secrets,
      taskOf: (instance) => this.#taskOf(instance),
    })
    const { onlyInline } = this.#environment
    this.#classes = new ConnectorClasses({ config, plugins, pool, onlyInline })
    metrics.collect('connectors and tasks', () => this.#samples())
  }

  /** Resolves when it is started (or paused, as the target says) or FAILED was told; never throws for what a plugin does. */
  async startConnector(spec: ConnectorStart): Promise<void> {
    const { name, generation } = spec
    if (this.#connectors.has(name)) throw new ConnectError(`connector ${name} runs already`)
    let failed = false
    const startup = this.#connectorStartups.attempt()
    const resident = workerConnector(spec, this.#environment, (state, trace) => {
      startup(state)
      this.#options.events.connectorState(name, state, generation, trace)
      // Nobody has asked for its task configs while it could not start.
      if (failed && state === 'RUNNING') this.#options.events.reconfigurationRequested(name)
      failed = state === 'FAILED' || (failed && state === 'RESTARTING')
    })
    this.#connectors.set(name, { spec, resident })
    await resident.start()
    await resident.settled()
    this.#secretReloads.schedule(`connector ${name}`, spec.props, () => this.#options.events.secretsExpired?.(name))
  }

  /** Makes ready for so many tasks, so that each runs as soon as it is started. */
  async warmUp(tasks: number): Promise<void> {
    await this.#pool.warmUp(tasks)
  }

  /** Of a connector that runs here; undefined: it does not. */
  connectorState(name: string): InstanceState | undefined {
    return this.#connectors.get(name)?.resident.state
  }

  /** Code of plugins has changed; what starts from here on has the new one. */
  pluginsChanged(): void {
    this.#pool.renew()
  }

  async taskConfigs(name: string, maxTasks: number): Promise<readonly Props[]> {
    const connector = this.#connectors.get(name)
    if (connector === undefined) throw new NotFoundError(`connector ${name} does not run here`)
    const { isolate, instance } = connector.resident.address
    return (await isolate.ask({ type: 'task-configs', instance, maxTasks })) as readonly Props[]
  }

  /** The connector class's definition as data: without validators. Its code runs where connectors live, as in the next methods. */
  async definition(className: string, props: Props): Promise<ConfigDef> {
    return await this.#classes.definition(className, await this.#secrets.resolve(props))
  }

  /** The connector's own part of a validation. */
  async validate(className: string, props: Props): Promise<readonly ConfigValue[]> {
    return await this.#classes.validate(className, await this.#secrets.resolve(props))
  }

  /** What a source connector says of exactly-once delivery; undefined: nothing. Props are resolved. */
  async exactlyOnce(
    className: string,
    props: Props,
    method: 'exactlyOnceSupport' | 'canDefineTransactionBoundaries',
  ): Promise<Support | null | undefined> {
    return await this.#classes.exactlyOnce(className, props, method)
  }

  /** What the connector's class says to a change of its offsets: true when it takes part in it. Props are resolved. */
  async alterOffsets(className: string, props: Props, offsets: readonly OffsetChange[]): Promise<boolean> {
    return await this.#classes.alterOffsets(className, props, offsets)
  }

  logLevelsChanged(): void {
    this.#pool.logLevelsChanged()
  }

  async stopConnectors(names: readonly string[]): Promise<void> {
    for (const name of names) this.#secretReloads.cancel(`connector ${name}`)
    await this.#stopAll(this.#connectors, names, CONNECTOR_STOP_MS)
  }

  /** Resolves when the task is on its way; its states are told by events. Props are raw: secrets are resolved here. */
  async startTask(spec: TaskStart): Promise<void> {
    const name = taskName(spec.id)
    if (this.#tasks.has(name)) throw new ConnectError(`task ${name} runs already`)
    const startup = this.#taskStartups.attempt()
    const resident = workerTask(
      spec,
      this.#environment,
      (state, trace) => {
        startup(state)
        if (state === 'FAILED') this.#options.metrics.settle(`task ${name}`)
        this.#options.events.taskState(spec.id, state, spec.generation, trace)
      },
      (stall) => this.#held.stalled(spec, resident, stall),
    )
    this.#tasks.set(name, { spec, resident })
    await resident.start()
    const { connector, task } = spec.id
    const expired = (): void => this.#options.events.secretsExpired?.(connector, task)
    this.#secretReloads.schedule(`task ${name}`, { ...spec.connectorProps, ...spec.taskProps }, expired)
  }

  /** Within task.shutdown.graceful.timeout.ms for all of them together; what has not ended then is terminated. */
  async stopTasks(ids: readonly TaskId[]): Promise<void> {
    const names = ids.map(taskName)
    for (const name of names) this.#secretReloads.cancel(`task ${name}`)
    await this.#stopAll(this.#tasks, names, this.#options.config.common['task.shutdown.graceful.timeout.ms'])
    for (const name of names) this.#options.metrics.remove(`task ${name}`)
  }

  /** The connector and its tasks. */
  async setTarget(connector: string, target: TargetState): Promise<void> {
    this.#connectors.get(connector)?.resident.transition(target)
    for (const { spec, resident } of this.#tasks.values())
      if (spec.id.connector === connector) resident.transition(target)
  }

  /** How far the tasks of a connector are that run here. Asks each of them; answers within a second or two. */
  async progress(connector: string): Promise<readonly TaskProgress[]> {
    const tasks = [...this.#tasks.values()].filter(({ spec }) => spec.id.connector === connector)
    return await Promise.all(tasks.map(({ spec, resident }) => taskProgress(spec.id.task, resident)))
  }

  running(): { readonly connectors: readonly string[]; readonly tasks: readonly TaskId[] } {
    return { connectors: [...this.#connectors.keys()], tasks: [...this.#tasks.values()].map(({ spec }) => spec.id) }
  }

  async #stopAll(
    all: Map<string, { readonly resident: Resident }>,
    names: readonly string[],
    withinMs: number,
  ): Promise<void> {
    const deadline = Date.now() + withinMs
    await Promise.all(
      names.map(async (name) => {
        const entry = all.get(name)
        if (entry === undefined) return
        await entry.resident.stop(deadline)
        if (all.get(name) === entry) all.delete(name)
      }),
    )
  }

  #onReport(isolate: Isolate, report: Report): void {
    switch (report.type) {
      case 'news':
        this.#residents.find(report.instance)?.news(report.news)
        return
      case 'reconfigure': {
        const name = this.#connectorOf(report.instance)
        if (name !== undefined) this.#options.events.reconfigurationRequested(name)
        return
      }
      case 'topic-used': {
        const id = this.#taskOf(report.instance)?.id
        if (id !== undefined) this.#options.events.topicUsed(id, report.topic)
        return
      }
      case 'metrics': {
        const id = this.#taskOf(report.instance)?.id
        if (id !== undefined) this.#options.metrics.report(`task ${taskName(id)}`, report.samples)
        return
      }
      case 'question':
        void this.#questions.answer(report.id, report.question).then((answer) => isolate.post(answer))
        return
      case 'log':
        this.#logger.child(report.context)[report.level](report.message, report.fields)
        return
      case 'fatal':
      case 'ready':
      case 'pong':
      case 'answer':
      case 'refusal':
        return // the isolate's own
      default:
        throw new UnreachableError(report)
    }
  }

  #connectorOf(instance: InstanceId): string | undefined {
    const resident = this.#residents.find(instance)
    return [...this.#connectors].find(([, entry]) => entry.resident === resident)?.[0]
  }

  #taskOf(instance: InstanceId): TaskStart | undefined {
    const resident = this.#residents.find(instance)
    return [...this.#tasks.values()].find((entry) => entry.resident === resident)?.spec
  }

  #samples(): readonly MetricSample[] {
    const { plugins } = this.#options
    return workerSamples({
      connectors: [...this.#connectors.values()].map(({ spec, resident }) => {
        const className = spec.props['connector.class'] ?? ''
        const plugin = found(() => plugins.connectorOf(spec.props))
        const { type = 'unknown', version } = plugin ?? {}
        return { name: spec.name, state: resident.state, type, className, version }
      }),
      tasks: [...this.#tasks.values()].map(({ spec, resident }) => ({ id: spec.id, state: resident.state })),
      connectorStartups: this.#connectorStartups,
      taskStartups: this.#taskStartups,
    }).concat(
      [...this.#tasks.values()].flatMap(({ spec: { id, connectorProps: props } }) =>
        pluginSamples({ ...id, props }, plugins, this.#options.config),
      ),
    )
  }

  /** Stops everything gracefully, then ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { connectors, tasks } = this.running()
    await Promise.all([this.stopTasks(tasks), this.stopConnectors(connectors)])
    await this.#pool[Symbol.asyncDispose]()
    this.#secretReloads[Symbol.dispose]()
    await this.#secrets[Symbol.asyncDispose]()
    this.#options.metrics.remove('connectors and tasks')
  }
}

/** What a connector instance has to stop; Connect's own limit. */
const CONNECTOR_STOP_MS = 5000
