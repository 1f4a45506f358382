import express from 'express'
import type { NextFunction, Request, Response, Router } from 'express'
import type { Logger } from '../api/logger.ts'
import { Deferred } from '../async/deferred.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { Herder } from '../herder/herder.ts'
import type { Stages } from '../herder/stages.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import type { LoggerLevels } from '../telemetry/logger-levels.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { accessLog } from './access-log.ts'
import { ClusterState } from './cluster-state.ts'
import { cors } from './cors.ts'
import { HttpError } from './error-response.ts'
import { Extensions } from './extensions.ts'
import { Listener, advertisedUrl } from './listener.ts'
import { openApi } from './openapi.ts'
import { PRESENCE_PATH, Presence } from './presence.ts'
import { responseHeaders } from './response-headers.ts'
import type { Route } from './route.ts'
import { connectorPluginRoutes } from './routes/connector-plugins.ts'
import { connectorRoutes } from './routes/connectors.ts'
import { lifecycleRoutes } from './routes/lifecycle.ts'
import { loggerRoutes } from './routes/loggers.ts'
import { offsetRoutes } from './routes/offsets.ts'
import { taskRoutes } from './routes/tasks.ts'
import { WorkerSelf } from './routes/worker-self.ts'
import { workerRoutes } from './routes/workers.ts'
import { Routing, sendError } from './routing.ts'
import { WorkerHttp } from './worker-http.ts'

export interface RestServerOptions {
  readonly config: WorkerConfig
  readonly version: string
  readonly kafkaClusterId: () => Promise<string>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly levels: LoggerLevels
  readonly stages: Stages
}

const MAX_BODY = '64mb'

/**
 * HTTP in, JSON out. Listens before the worker has read its topics, so that its state can be asked; requests which need the herder wait
 * for it.
 */
export class RestServer implements AsyncDisposable {
  /** To other workers. */
  readonly http: WorkerHttp
  readonly #options: RestServerOptions
  readonly #listeners: Listener[] = []
  readonly #adminListeners: Listener[] = []
  readonly #herder = new Deferred<Herder>()
  readonly #presence = new Presence()
  readonly #self: WorkerSelf
  readonly #extensions: Extensions
  /** Where extensions add their routes: behind all others. */
  readonly #extensionRouter = newRouter()
  #running: Herder | undefined
  #signature: (body: Buffer) => Readonly<Record<string, string>> = () => ({})

  private constructor(options: RestServerOptions) {
    this.#options = options
    const { config, version, kafkaClusterId, metrics, stages } = options
    this.http = new WorkerHttp(config.props)
    this.#extensions = new Extensions(config.common['rest.extension.classes'])
    this.#self = new WorkerSelf({
      ...{ version, kafkaClusterId, metrics, stages },
      herder: () => this.#running,
      timeoutMs: config.common['rest.request.timeout.ms'],
    })
    this.#herder.promise.catch(() => undefined)
  }

  static async open(options: RestServerOptions): Promise<RestServer> {
    const rest = new RestServer(options)
    try {
      await rest.#listen()
    } catch (error) {
      await rest[Symbol.asyncDispose]()
      throw error
    }
    return rest
  }

  /** The classes of `rest.extension.classes` are known now. */
  async registerExtensions(plugins: PluginRegistry): Promise<void> {
    const { config, logger, kafkaClusterId } = this.#options
    await this.#extensions.register({
      find: (className) => plugins.restExtension(className),
      props: config.props,
      clusterState: new ClusterState(() => this.#running, kafkaClusterId),
      logger,
      router: this.#extensionRouter,
    })
  }

  /** From now on requests are answered. */
  serve(herder: Herder, signature: (body: Buffer) => Readonly<Record<string, string>>): void {
    this.#signature = signature
    this.#running = herder
    this.#herder.resolve(herder)
  }

  /** The worker has done everything that belongs to its start. */
  started(): void {
    this.#self.started = true
  }

  /** As bound: where this process can reach itself. */
  get url(): string {
    return this.#listeners[0]!.url
  }

  /** Of the admin endpoints, where they have listeners of their own. */
  get adminUrls(): readonly string[] {
    return this.#adminListeners.map(({ url }) => url)
  }

  /** `http://host:port/` under which other workers know this one. */
  get advertisedUrl(): string {
    const { common } = this.#options.config
    return advertisedUrl(this.#listeners, {
      scheme: common['rest.advertised.listener'],
      host: common['rest.advertised.host.name'],
      port: common['rest.advertised.port'],
    })
  }

  /** `host:port` of the advertised URL, also where the port is the protocol's default. */
  get advertised(): string {
    const url = this.advertisedUrl
    return url.slice(url.indexOf('//') + 2, -1)
  }

  async #listen(): Promise<void> {
    const { config, levels } = this.#options
    const { listeners, 'admin.listeners': adminListeners } = config.common
    const admin = loggerRoutes(levels)
    const main: readonly Route[] = [
      ...this.#self.routes,
      ...connectorRoutes,
      ...lifecycleRoutes,
      ...offsetRoutes,
      ...taskRoutes,
      ...connectorPluginRoutes,
      ...workerRoutes(this.http),
    ]
    const own = { props: config.props, key: 'listeners' } as const
    const serve = this.#app(adminListeners === null ? [...main, ...admin] : main)
    for (const address of listeners) this.#listeners.push(await Listener.open({ ...own, address, serve }))
    const separate = this.#app(admin)
    for (const address of adminListeners ?? [])
      this.#adminListeners.push(
        await Listener.open({ props: config.props, key: 'admin.listeners', address, serve: separate }),
      )
    // Wrong settings show now, not when another worker asks.
    void this.advertisedUrl
  }

  #app(routes: readonly Route[]): express.Express {
    const { config, logger, stages, version } = this.#options
    const { common } = config
    const app = express()
    app.disable('x-powered-by')
    app.disable('etag')
    app.enable('case sensitive routing')
    app.set('query parser', 'simple')
    app.use(accessLog(logger))
    app.use(responseHeaders(common['response.http.headers.config']))
    if (common['access.control.allow.origin'].trim() !== '')
      app.use(cors(common['access.control.allow.origin'], common['access.control.allow.methods']))
    app.get(PRESENCE_PATH, (_request, response) => this.#presence.attend(response))
    app.use(express.raw({ type: () => true, limit: MAX_BODY }))
    app.use(this.#extensions.guard)
    const router = newRouter()
    const routing = new Routing({
      ...{ logger, stages, http: this.http },
      herder: () => this.#herder.promise,
      timeoutMs: common['rest.request.timeout.ms'],
      signature: (body) => this.#signature(body),
    })
    routing.register(router, [...routes, this.#self.openApiRoute(() => openApi(routes, version))])
    app.use(router)
    app.use(this.#extensionRouter)
    app.use(() => {
      throw HttpError.plain(404)
    })
    app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
      this.#failed(error, response),
    )
    return app
  }

  #failed(error: unknown, response: Response): void {
    if (response.headersSent) {
      response.end()
      return
    }
    const status = (error as { status?: unknown }).status
    // The body parser and the URL decoder have statuses of their own.
    const known = error instanceof HttpError || typeof status !== 'number' ? error : HttpError.plain(status)
    sendError(response, known)
    if (response.statusCode >= 500) this.#options.logger.error('a REST request failed', { error })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#presence.farewell()
    this.#herder.reject(new HttpError(503, 'the worker is stopping'))
    await this.#extensions[Symbol.asyncDispose]()
    await Promise.all([...this.#listeners, ...this.#adminListeners].map((each) => each[Symbol.asyncDispose]()))
  }
}

function newRouter(): Router {
  return express.Router({ caseSensitive: true })
}
