import type { Logger } from './api/logger.ts'
import type { Plugin } from './api/plugin.ts'
import type { Props } from './api/props.ts'
import { within } from './async/abort.ts'
import { internalProps } from './config/client-overrides.ts'
import { Secrets, hasPlaceholder } from './config/secrets.ts'
import { WorkerConfig } from './config/worker-config.ts'
import type { WorkerMode } from './config/worker-config.ts'
import { openGroup } from './connect-group.ts'
import { openStores } from './connect-stores.ts'
import { createGiven } from './given-connectors.ts'
import { Herder } from './herder/herder.ts'
import { groupMetrics } from './herder/group-metrics.ts'
import { Stages } from './herder/stages.ts'
import { KafkaClients } from './kafka/kafka-clients.ts'
import packageInfo from './package.json' with { type: 'json' }
import { reloadPlugin } from './plugin-reload.ts'
import { PluginRegistry } from './plugins/plugin-registry.ts'
import { checkConverters } from './plugins/worker-converters.ts'
import { attendWorker } from './rest/presence.ts'
import { RestServer } from './rest/rest-server.ts'
import { WorkerClient } from './rest/worker-client.ts'
import { logLevel } from './rest/routes/loggers.ts'
import type { DistributedOptions, RunningWorker, StandaloneOptions } from './running-worker.ts'
import { startedTaskCount } from './storage/cluster-config-state.ts'
import { appInfo } from './telemetry/app-info.ts'
import { collectStartupGarbage } from './telemetry/startup-garbage.ts'
import { createLogger } from './telemetry/logger.ts'
import type { LoggerOptions, RootLogger } from './telemetry/logger.ts'
import { LoggerLevels } from './telemetry/logger-levels.ts'
import { Metrics } from './telemetry/metrics.ts'
import { Worker } from './worker/worker.ts'

/** The composition root: with connect-stores.ts and connect-group.ts the only place that makes the parts and knows all wires. */
export async function connectDistributed(options: DistributedOptions): Promise<RunningWorker> {
  return await Assembly.open('distributed', { ...options, connectors: [] })
}

export async function connectStandalone(options: StandaloneOptions): Promise<RunningWorker> {
  return await Assembly.open('standalone', options)
}

/** No part may keep a stopping process alive for longer. */
const CLOSE_BUDGET_MS = 5_000
/** Threads that take longer to start are not waited for. */
const WARM_UP_MS = 10_000

type AssemblyOptions = StandaloneOptions & DistributedOptions

/** One worker being put together, running, and taken apart in reverse. */
class Assembly implements RunningWorker {
  readonly closed: Promise<void>
  readonly #config: WorkerConfig
  readonly #options: AssemblyOptions
  readonly #logger: Logger
  readonly #levels: LoggerLevels
  readonly #stages = new Stages()
  readonly #metrics = new Metrics()
  readonly #stopping = new AbortController()
  readonly #parts = new AsyncDisposableStack()
  readonly #clients: KafkaClients
  #rest!: RestServer
  #ready: Promise<void> = Promise.resolve()
  #reload: (folder: string) => Promise<readonly string[]> = () => Promise.resolve([])
  #clusterId: Promise<string> | undefined
  #end = Promise.withResolvers<void>()
  #disposing: Promise<void> | undefined

  private constructor(config: WorkerConfig, options: AssemblyOptions) {
    this.#config = config
    this.#options = options
    const own = options.logger === undefined ? createLogger(loggerOptions(config)) : undefined
    this.#logger = options.logger ?? own!
    this.#levels = own?.levels ?? levelsOf(options.logger)
    this.closed = this.#end.promise
    this.closed.catch(() => undefined)
    this.#clients = new KafkaClients({ props: internalProps(config, 'shared-admin'), logger: this.#logger })
  }

  /** REST listens when this resolves; the rest goes on behind it. */
  static async open(mode: WorkerMode, options: AssemblyOptions): Promise<RunningWorker> {
    const props = await resolvedWorkerProps(options)
    const assembly = new Assembly(WorkerConfig.parse(props, mode), { ...options, props })
    for (const warning of assembly.#config.warnings()) assembly.#logger.warn(warning)
    try {
      await assembly.#listen()
    } catch (error) {
      await assembly.#parts.disposeAsync()
      throw error
    }
    assembly.#ready = assembly.#boot()
    assembly.#ready.catch((error: unknown) => {
      if (assembly.#stopping.signal.aborted) return
      assembly.#logger.error('the worker could not start', { error })
      void assembly.#fail(error)
    })
    return assembly
  }

  get ready(): Promise<void> {
    return this.#ready
  }

  get restUrl(): string {
    return this.#rest.url
  }

  get adminUrls(): readonly string[] {
    return this.#rest.adminUrls
  }

  get workerId(): string {
    return this.#rest.advertised
  }

  get #url(): string {
    return this.#rest.advertisedUrl
  }

  async reloadPlugin(folder: string): Promise<readonly string[]> {
    await this.#ready
    return await this.#reload(folder)
  }

  async #listen(): Promise<void> {
    this.#closeLast('the Kafka clients', this.#clients)
    this.#rest = await RestServer.open({
      config: this.#config,
      version: packageInfo.version,
      kafkaClusterId: () => this.#kafkaClusterId(),
      metrics: this.#metrics,
      logger: this.#logger.child('[rest]'),
      levels: this.#levels,
      stages: this.#stages,
    })
    const startedAt = Date.now()
    this.#metrics.collect('app-info', () =>
      appInfo({ workerId: this.workerId, version: packageInfo.version, startedAt }),
    )
    this.#logger.info(`REST listens on ${this.restUrl}`)
  }

  /** Asked once; a failure is not remembered. */
  #kafkaClusterId(): Promise<string> {
    this.#clusterId ??= this.#clients
      .admin()
      .describeCluster(this.#stopping.signal)
      .then(({ clusterId }) => clusterId)
      .catch((error: unknown) => {
        this.#clusterId = undefined
        throw error
      })
    return this.#clusterId
  }

  async #boot(): Promise<void> {
    const { plugins: extra = [], connectors } = this.#options
    const config = this.#config
    const [plugins, stores] = await Promise.all([
      this.#loadPlugins(extra),
      this.#stages.during('initializing and reading to the end of internal topics', () =>
        openStores({
          config,
          clients: this.#clients,
          logger: this.#logger.child('[storage]'),
          workerId: this.workerId,
          signal: this.#stopping.signal,
        }),
      ),
    ])
    const { configs, offsets, statuses } = stores
    this.#closeLast('the config store', configs)
    this.#closeLast('the offset store', offsets)
    this.#closeLast('the status store', statuses)
    const secrets = Secrets.configure(config.props, (className) => plugins.configProvider(className))
    this.#closeLast('the config providers', secrets)
    const worker = new Worker({
      config,
      plugins,
      logger: this.#logger,
      metrics: this.#metrics,
      logLevels: () => this.#levels.own(),
      extraPlugins: extra,
      ...(this.#options.beforeWork === undefined ? {} : { beforeWork: this.#options.beforeWork }),
      readOffsets: (connector, partitions) => offsets.read(connector, partitions),
      stillOurs: () => group.confirmed(),
      sourceStarts: {
        fence: (spec) => herder.sourceStarts.fence(spec),
        verify: (spec) => herder.sourceStarts.verify(spec),
      },
      ...(config.mode === 'standalone' ? { writeOffsets: (records) => offsets.append(records) } : {}),
      events: {
        connectorState: (connector, state, generation, trace) =>
          herder.instanceState({ connector }, state, generation, trace),
        taskState: (id, state, generation, trace) => herder.instanceState(id, state, generation, trace),
        reconfigurationRequested: (connector) => herder.taskConfigs.refresh(connector),
        secretsExpired: (connector, task) => void this.#restartForSecrets(herder, connector, task),
        topicUsed: ({ connector, task }, topic) => herder.topicUsed(connector, task, topic),
      },
    })
    this.#closeLast('the worker', worker)
    this.#levels.onChange = () => worker.logLevelsChanged()
    const group = openGroup({
      config,
      configs,
      clients: this.#clients,
      url: this.#url,
      workerId: this.workerId,
      attend: (url, seen, signal) => attendWorker(this.#rest.http, url, seen, signal),
      metrics: this.#metrics,
      logger: this.#logger.child('[group]'),
    })
    this.#closeLast('the group membership', group)
    const requests = new WorkerClient({
      http: this.#rest.http,
      sessionKey: () => configs.state.sessionKey,
      algorithm: () =>
        config.mode === 'distributed' && group.protocol === 'sessioned'
          ? config.distributed['inter.worker.signature.algorithm']
          : undefined,
    })
    const herder = new Herder({
      config,
      plugins,
      secrets,
      worker,
      group,
      configs,
      offsets,
      statuses,
      requests,
      logger: this.#logger.child('[herder]'),
      stages: this.#stages,
      setLogLevel: (logger, level) => this.#setLogLevel(logger, level),
      workerId: this.workerId,
      url: this.#url,
    })
    this.#parts.use(herder)
    this.#reload = (folder) => reloadPlugin(folder, { plugins, worker, herder }, this.#stopping.signal)
    this.#metrics.collect('group', () => groupMetrics({ group }))
    if (this.#stopping.signal.aborted) return
    this.#rest.serve(herder, (body) => requests.signature(body))
    // Others stop their tasks the moment this worker is in the group: they must not wait here for threads to start.
    const warm = worker.warmUp(startedTaskCount(configs.state))
    await this.#stages.during('starting threads for tasks', () => within(WARM_UP_MS, warm))
    if (this.#stopping.signal.aborted) return
    herder.start()
    await createGiven(herder, connectors, this.#stopping.signal)
    this.#rest.started()
    this.#logger.info(`worker ${this.workerId} is ready`)
    collectStartupGarbage()
  }

  /** Extensions of the REST server are plugins, and know before anything else who may send requests. */
  async #loadPlugins(extra: readonly Plugin[]): Promise<PluginRegistry> {
    const pluginPath = this.#config.common['plugin.path']
    const plugins = await PluginRegistry.load({ pluginPath, logger: this.#logger, extra })
    checkConverters(this.#config, plugins)
    await this.#rest.registerExtensions(plugins)
    return plugins
  }

  #setLogLevel(logger: string, level: string): void {
    const parsed = logLevel(level)
    if (parsed !== undefined) this.#levels.set(logger, parsed)
  }

  /** What was opened first is closed last; none may hang the process. */
  #closeLast(what: string, part: AsyncDisposable): void {
    this.#parts.defer(async () => {
      try {
        const closed = await within(CLOSE_BUDGET_MS + this.#graceMs, Promise.resolve(part[Symbol.asyncDispose]()))
        if (closed === undefined) this.#logger.warn(`${what} did not close in time`)
      } catch (error) {
        this.#logger.warn(`closing ${what} failed`, { error })
      }
    })
  }

  get #graceMs(): number {
    return this.#config.common['task.shutdown.graceful.timeout.ms']
  }

  /** The instance runs here: no other worker need know. */
  async #restartForSecrets(herder: Herder, connector: string, task: number | undefined): Promise<void> {
    const what = task === undefined ? connector : `${connector}-${task}`
    try {
      this.#logger.info(`${what} is restarted: a value of a config provider has expired`)
      const { signal } = this.#stopping
      if (task === undefined) await herder.lifecycle.restartConnector(connector, signal)
      else await herder.lifecycle.restartTask(connector, task, signal)
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        this.#logger.warn(`${what} could not be restarted for its new secrets`, { error })
    }
  }

  async #fail(error: unknown): Promise<void> {
    this.#end.reject(error)
    await this[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose()
    await this.#disposing
  }

  async #dispose(): Promise<void> {
    this.#stopping.abort()
    await this.#rest[Symbol.asyncDispose]()
    await within(
      CLOSE_BUDGET_MS,
      this.#ready.catch(() => undefined),
    )
    await this.#parts.disposeAsync()
    this.#end.resolve()
  }
}

/** Placeholders in the worker's own properties are resolved by the providers that it names. */
async function resolvedWorkerProps({ props, plugins = [], logger }: StandaloneOptions): Promise<Props> {
  if (!Object.values(props).some(hasPlaceholder)) return props
  const registry = await PluginRegistry.load({
    pluginPath: (props['plugin.path'] ?? '').split(',').filter((path) => path.trim() !== ''),
    logger: logger ?? createLogger({ level: 'warn' }),
    extra: plugins,
  })
  await using secrets = Secrets.configure(props, (className) => registry.configProvider(className))
  return await secrets.resolve(props)
}

function loggerOptions(config: WorkerConfig): LoggerOptions {
  const { 'log.level': level, 'log.format': format } = config.common
  const pretty = format === null ? process.stdout.isTTY === true : format === 'text'
  return { level: logLevel(level) ?? 'info', format: pretty ? 'pretty' : 'json' }
}

/** A logger that was handed in may be the process's root logger; one that is not has levels that nobody heeds. */
function levelsOf(logger: Logger | undefined): LoggerLevels {
  const levels = (logger as Partial<RootLogger> | undefined)?.levels
  return levels instanceof LoggerLevels ? levels : new LoggerLevels('info')
}
