import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import { ConfigError } from '../api/errors.ts'
import type { Logger } from '../api/logger.ts'
import { sleep, within } from '../async/abort.ts'
import { Deferred } from '../async/deferred.ts'
import type { Herder } from '../herder/herder.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { HttpError } from './error-response.ts'
import { PRESENCE_PATH, Presence } from './presence.ts'
import { connectorPluginRoutes } from './routes/connector-plugins.ts'
import { connectorRoutes } from './routes/connectors.ts'
import { loggerRoutes } from './routes/loggers.ts'
import type { LoggerLevels } from './routes/loggers.ts'
import { taskRoutes } from './routes/tasks.ts'
import { Routing, send, sendError } from './routing.ts'

export interface RestServerOptions {
  /** `http://host:port`; an empty host: all interfaces, port 0: any. */
  readonly listeners: readonly string[]
  readonly advertisedHost?: string | null
  readonly advertisedPort?: number | null
  readonly version: string
  readonly kafkaClusterId: () => Promise<string>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly loggers?: LoggerLevels | undefined
  /** For every request but /health. */
  readonly timeoutMs?: number
}

const REQUEST_TIMEOUT_MS = 90_000
const HEALTH_TIMEOUT_MS = 10_000
const CLUSTER_ID_TIMEOUT_MS = 5_000
/** In-flight requests get this long when the server stops. */
const DRAIN_MS = 1_000
const MAX_BODY = '64mb'
const LISTENER = /^(.*):\/\/\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)/

/**
 * HTTP in, JSON out. Listens before the worker has read its topics, so that its state can be asked; requests which need the herder wait
 * for it.
 */
export class RestServer implements AsyncDisposable {
  readonly #options: RestServerOptions
  readonly #servers: Server[] = []
  readonly #herder = new Deferred<Herder>()
  readonly #presence = new Presence()
  #ready = false
  #signature: (body: Buffer) => Readonly<Record<string, string>> = () => ({})

  private constructor(options: RestServerOptions) {
    this.#options = options
    this.#herder.promise.catch(() => undefined)
  }

  static async open(options: RestServerOptions): Promise<RestServer> {
    const rest = new RestServer(options)
    const app = rest.#app()
    for (const listener of options.listeners) {
      const server = createServer(app)
      rest.#servers.push(server)
      await listen(server, listener)
    }
    return rest
  }

  /** From now on requests are answered. */
  serve(herder: Herder, signature: (body: Buffer) => Readonly<Record<string, string>>): void {
    this.#signature = signature
    this.#ready = true
    this.#herder.resolve(herder)
  }

  get #port(): number {
    return (this.#servers[0]!.address() as AddressInfo).port
  }

  /** As bound: where this process can reach itself. */
  get url(): string {
    const host = hostOf(this.#options.listeners[0]!)
    return `http://${host === '' || host === '0.0.0.0' ? 'localhost' : literal(host)}:${this.#port}`
  }

  /** `host:port` under which other workers know this one. */
  get advertised(): string {
    const { advertisedHost, advertisedPort, listeners } = this.#options
    const bound = hostOf(listeners[0]!)
    const host = advertisedHost ?? (bound === '' || bound === '0.0.0.0' ? hostname() : bound)
    return `${literal(host)}:${advertisedPort ?? this.#port}`
  }

  #app(): express.Express {
    const { logger, loggers, timeoutMs = REQUEST_TIMEOUT_MS, metrics } = this.#options
    const app = express()
    app.disable('x-powered-by')
    app.enable('case sensitive routing')
    app.use(express.raw({ type: () => true, limit: MAX_BODY }))
    app.get(PRESENCE_PATH, (_request, response) => this.#presence.attend(response))
    app.get('/metrics', async (_request, response) => {
      response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
      response.end(await metrics.text())
    })
    const router = express.Router({ caseSensitive: true })
    const herder = (): Promise<Herder> => this.#herder.promise
    const routing = new Routing(router, {
      herder,
      timeoutMs,
      logger,
      signature: (body) => this.#signature(body),
    })
    router.get('/health', async (_request, response) => await this.#health(response))
    router.get('/', async (_request, response) => send(response, { status: 200, body: await this.#root() }))
    routing.path('/', {})
    connectorRoutes(routing)
    taskRoutes(routing)
    connectorPluginRoutes(routing)
    if (loggers !== undefined) loggerRoutes(routing, loggers)
    app.use(router)
    app.use(() => {
      throw HttpError.plain(404)
    })
    app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
      this.#failed(error, response),
    )
    return app
  }

  /** The names and the order of Kafka Connect. While Kafka cannot be reached its cluster id is null. */
  async #root(): Promise<object> {
    const { version, kafkaClusterId } = this.#options
    const clusterId = await within(CLUSTER_ID_TIMEOUT_MS, kafkaClusterId()).catch(() => undefined)
    return { version, commit: 'unknown', kafka_cluster_id: clusterId?.value ?? null }
  }

  async #health(response: Response): Promise<void> {
    if (!this.#ready) {
      send(response, { status: 503, body: { status: 'starting', message: 'Worker is still starting up.' } })
      return
    }
    const herder = await this.#herder.promise
    const healthy = await herder.leadership.settled(AbortSignal.timeout(HEALTH_TIMEOUT_MS)).then(
      () => true,
      () => false,
    )
    const message = healthy
      ? 'Worker has completed startup and is ready to handle requests.'
      : 'Worker was unable to handle this request and may be unable to handle other requests. ' +
        'The worker is currently ensuring membership in the cluster.'
    send(response, { status: healthy ? 200 : 500, body: { status: healthy ? 'healthy' : 'unhealthy', message } })
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
    await Promise.all(this.#servers.map(close))
  }
}

async function listen(server: Server, listener: string): Promise<void> {
  const parsed = LISTENER.exec(listener)
  if (parsed === null) throw ConfigError.invalid('listeners', listener, 'http://host:port is expected')
  const [, scheme, host, port] = parsed
  if (scheme!.toLowerCase() !== 'http')
    throw ConfigError.invalid('listeners', listener, 'only http listeners are supported')
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'the port is in use; name another one, or 0 for any' : cause.message
      reject(new ConfigError('listeners', `Unable to listen on ${listener}: ${why}`, { cause }))
    })
    server.listen({ port: Number(port), ...(host === '' ? {} : { host }) }, resolve)
  })
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const done = new AbortController()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  await Promise.race([closed, sleep(DRAIN_MS, done.signal)])
  done.abort()
  server.closeAllConnections()
  await closed
}

function hostOf(listener: string): string {
  return LISTENER.exec(listener)?.[2] ?? ''
}

function literal(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
