import type { Request, Response, Router } from 'express'
import { connectJson } from '../api/connect-json.ts'
import type { Logger } from '../api/logger.ts'
import { abortable, sleep } from '../async/abort.ts'
import type { Herder } from '../herder/herder.ts'
import { ElsewhereError } from '../herder/leadership.ts'
import { HttpError, errorResponse } from './error-response.ts'
import { forwardRequest } from './leader-forwarding.ts'
import { NobodyListensError } from './worker-client.ts'

/** What a route answers. No body: the answer is empty. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A request as routes see it. */
export interface Call {
  readonly herder: Herder
  readonly request: Request
  /** Raw, as sent: signatures are over these bytes. */
  readonly body: Buffer
  /** Aborts when the time for this request is over. */
  readonly signal: AbortSignal
  /** Decoded once. */
  param(name: string): string
}

export type Handler = (call: Call) => Promise<Answer> | Answer

export interface RoutingOptions {
  readonly herder: () => Promise<Herder>
  readonly timeoutMs: number
  readonly logger: Logger
  /** Signs a request that only workers may send. */
  readonly signature: (body: Buffer) => Readonly<Record<string, string>>
}

/** Registers routes so that they differ only in what they do. */
/** Pause before a request is offered again after the worker it belongs to was found gone. */
const GONE_RETRY_MS = 250

export class Routing {
  readonly #router: Router
  readonly #options: RoutingOptions

  constructor(router: Router, options: RoutingOptions) {
    this.#router = router
    this.#options = options
  }

  /** `internal`: sent by workers, forwarded with a signature. Verbs that are not named answer 405. */
  path(
    path: string,
    handlers: Partial<Readonly<Record<'get' | 'post' | 'put' | 'patch' | 'delete', Handler>>>,
    { internal = false }: { readonly internal?: boolean } = {},
  ): void {
    const route = this.#router.route(path)
    for (const [verb, handler] of Object.entries(handlers) as ['get', Handler][])
      route[verb](
        async (request: Request, response: Response) => await this.#serve(request, response, handler, internal),
      )
    route.all(() => {
      throw HttpError.plain(405)
    })
  }

  async #serve(request: Request, response: Response, handler: Handler, internal: boolean): Promise<void> {
    const body = bodyOf(request)
    requireJson(request, body)
    const signal = AbortSignal.timeout(this.#options.timeoutMs)
    for (;;) {
      try {
        send(response, await abortable(this.#answer(request, body, handler, signal), signal))
        return
      } catch (error) {
        if (signal.aborted && error === signal.reason) throw new HttpError(500, 'Request timed out', { cause: error })
        if (!(error instanceof ElsewhereError)) throw error
        try {
          await this.#forward(request, response, body, error, internal)
          return
        } catch (failure) {
          // The worker to ask has gone and the group does not know it yet: wait for the rebalance that must come.
          if (!(failure instanceof NobodyListensError) || !(await sleep(GONE_RETRY_MS, signal))) throw failure
        }
      }
    }
  }

  async #answer(request: Request, body: Buffer, handler: Handler, signal: AbortSignal): Promise<Answer> {
    const herder = await abortable(this.#options.herder(), signal)
    return await handler({
      herder,
      request,
      body,
      signal,
      param: (name) => request.params[name] as string,
    })
  }

  async #forward(
    request: Request,
    response: Response,
    body: Buffer,
    elsewhere: ElsewhereError,
    internal: boolean,
  ): Promise<void> {
    const signature = internal ? this.#options.signature(body) : {}
    const reply = await forwardRequest(request, body, elsewhere, signature)
    // The caller may read here what it has just written there.
    const { configs } = (await this.#options.herder()).parts
    await configs.refresh(AbortSignal.timeout(3_000)).catch((error: unknown) => {
      this.#options.logger.debug('the config log was not read after a forwarded request', { error })
    })
    const { location } = reply.headers
    if (location !== undefined) response.setHeader('Location', location)
    response.status(reply.status)
    if (reply.body.length > 0) response.setHeader('Content-Type', 'application/json')
    response.end(reply.body)
  }
}

function bodyOf(request: Request): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}

function requireJson(request: Request, body: Buffer): void {
  if (body.length > 0 && request.is('application/json') === false) throw HttpError.plain(415)
  if (request.accepts('application/json') === false) throw HttpError.plain(406)
}

export function send(response: Response, { status, body, headers }: Answer): void {
  response.status(status)
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  if (body === undefined) response.end()
  else sendJson(response, body)
}

export function sendError(response: Response, error: unknown): void {
  const body = errorResponse(error)
  response.status(body.error_code)
  sendJson(response, body)
}

function sendJson(response: Response, body: unknown): void {
  response.setHeader('Content-Type', 'application/json')
  response.end(connectJson(body))
}
