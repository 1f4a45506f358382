import type { Request, Response, Router } from 'express'
import { connectJson } from '../api/connect-json.ts'
import type { Logger } from '../api/logger.ts'
import { abortable, sleep } from '../async/abort.ts'
import type { Herder } from '../herder/herder.ts'
import { ElsewhereError } from '../herder/leadership.ts'
import type { Stages } from '../herder/stages.ts'
import { HttpError, errorResponse } from './error-response.ts'
import { forwardRequest } from './leader-forwarding.ts'
import type { Answer, Route } from './route.ts'
import { NobodyListensError } from './worker-http.ts'
import type { WorkerHttp } from './worker-http.ts'

export interface RoutingOptions {
  readonly herder: () => Promise<Herder>
  readonly timeoutMs: number
  readonly logger: Logger
  readonly stages: Stages
  readonly http: WorkerHttp
  /** Signs a request that only workers may send. */
  readonly signature: (body: Buffer) => Readonly<Record<string, string>>
}

const JSON_TYPE = 'application/json'
/** Pause before a request is offered again after the worker it belongs to was found gone. */
const GONE_RETRY_MS = 250

/** Registers routes, and serves them so that they differ only in what they do. */
export class Routing {
  readonly #options: RoutingOptions

  constructor(options: RoutingOptions) {
    this.#options = options
  }

  /** Verbs that no route of a path takes are answered with 405, OPTIONS with the list of them. */
  register(router: Router, routes: readonly Route[]): void {
    for (const [path, of] of Map.groupBy(routes, (route) => route.path)) {
      const at = router.route(path)
      for (const route of of)
        at[route.verb](async (request: Request, response: Response) => await this.#serve(request, response, route))
      at.options((request, response) => sendOptions(request, response, of))
      at.all(() => {
        throw HttpError.plain(405)
      })
    }
  }

  async #serve(request: Request, response: Response, route: Route): Promise<void> {
    const body = bodyOf(request)
    requireJson(request, body, route)
    const signal = AbortSignal.timeout(this.#options.timeoutMs)
    try {
      await this.#answerOrForward(request, response, body, route, signal)
    } catch (error) {
      if (signal.aborted && error === signal.reason) throw this.#timedOut(error)
      throw error
    }
  }

  async #answerOrForward(
    request: Request,
    response: Response,
    body: Buffer,
    route: Route,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      try {
        send(response, await abortable(this.#answer(request, body, route, signal), signal))
        return
      } catch (error) {
        if (!(error instanceof ElsewhereError)) throw error
        try {
          await this.#forward(request, response, body, error, route)
          return
        } catch (failure) {
          // The worker to ask has gone and the group does not know it yet: wait for the rebalance that must come.
          if (!(failure instanceof NobodyListensError) || !(await sleep(GONE_RETRY_MS, signal))) throw failure
        }
      }
    }
  }

  async #answer(request: Request, body: Buffer, { handle, early }: Route, signal: AbortSignal): Promise<Answer> {
    const herder = early === true ? NO_HERDER : await abortable(this.#options.herder(), signal)
    return await handle({ herder, request, body, signal, param: (name) => request.params[name] as string })
  }

  async #forward(
    request: Request,
    response: Response,
    body: Buffer,
    elsewhere: ElsewhereError,
    { internal = false }: Route,
  ): Promise<void> {
    const { http, logger } = this.#options
    const signature = internal ? this.#options.signature(body) : {}
    const reply = await forwardRequest({ request, body, elsewhere, signature, http })
    // The caller may read here what it has just written there.
    const { configs } = (await this.#options.herder()).parts
    await configs.refresh(AbortSignal.timeout(3_000)).catch((error: unknown) => {
      logger.debug('the config log was not read after a forwarded request', { error })
    })
    const { location } = reply.headers
    if (location !== undefined) response.setHeader('Location', location)
    response.status(reply.status)
    if (reply.body.length > 0) sendBytes(response, JSON_TYPE, reply.body)
    else sendEmpty(response)
  }

  #timedOut(cause: unknown): HttpError {
    const stage = this.#options.stages.summary()
    return new HttpError(500, stage === undefined ? 'Request timed out' : `Request timed out. ${stage}`, { cause })
  }
}

/** An early route that asks it all the same is a mistake of ours, and fails. */
const NO_HERDER = undefined as unknown as Herder

function bodyOf(request: Request): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}

/** A client that names another type but sends nothing does no harm. */
function requireJson(request: Request, body: Buffer, { anyType = false }: Route): void {
  if (body.length > 0 && request.is(JSON_TYPE) === false) throw HttpError.plain(415)
  if (!anyType && request.accepts(JSON_TYPE) === false) throw HttpError.plain(406)
}

function sendOptions(request: Request, response: Response, routes: readonly Route[]): void {
  const verbs = routes.map(({ verb }) => verb.toUpperCase())
  const allowed = [...(verbs.includes('GET') ? ['HEAD'] : []), ...verbs, 'OPTIONS']
  response.setHeader('Allow', allowed.join(','))
  if (request.accepts(['text/plain', 'application/json']) !== 'text/plain') sendEmpty(response)
  else sendBytes(response, 'text/plain', Buffer.from(allowed.join(', ')))
}

export function send(response: Response, { status, body, text, headers }: Answer): void {
  response.status(status)
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  if (text !== undefined) sendBytes(response, String(response.getHeader('Content-Type')), Buffer.from(text))
  else if (body === undefined) sendEmpty(response)
  else sendJson(response, body)
}

export function sendError(response: Response, error: unknown): void {
  const body = errorResponse(error)
  response.status(body.error_code)
  sendJson(response, body)
}

function sendJson(response: Response, body: unknown): void {
  sendBytes(response, JSON_TYPE, Buffer.from(connectJson(body)))
}

export function sendBytes(response: Response, contentType: string, body: Buffer): void {
  response.setHeader('Content-Type', contentType)
  response.setHeader('Content-Length', body.length)
  response.end(body)
}

function sendEmpty(response: Response): void {
  if (response.statusCode !== 204) response.setHeader('Content-Length', 0)
  response.end()
}
