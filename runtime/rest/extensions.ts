import type { NextFunction, Request, Response, Router } from 'express'
import type { Logger } from '../api/logger.ts'
import type { Props } from '../api/props.ts'
import type {
  ConnectClusterState,
  RestAnswer,
  RestExtension,
  RestExtensionClass,
  RestExtensionContext,
  RestRequest,
} from '../api/rest-extension.ts'
import { connectJson } from '../api/connect-json.ts'
import { Deferred } from '../async/deferred.ts'
import { BASIC_AUTH_CLASS, BasicAuthRestExtension } from './basic-auth.ts'
import { HttpError } from './error-response.ts'
import { sendBytes } from './routing.ts'

type Filter = Parameters<RestExtensionContext['filter']>[0]
type Handler = Parameters<RestExtensionContext['route']>[2]

const VERBS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const
const BASIC_AUTH_NAMES = [BASIC_AUTH_CLASS, 'BasicAuthSecurityRestExtension', 'BasicAuthSecurity']

/**
 * The extensions of `rest.extension.classes`. Their classes are known only when plugins are loaded; until then no request is served that an
 * extension may have to refuse.
 */
export class Extensions implements AsyncDisposable {
  readonly #classNames: readonly string[]
  readonly #extensions: RestExtension[] = []
  readonly #filters: Filter[] = []
  readonly #registered = new Deferred()
  #isRegistered: boolean

  constructor(classNames: readonly string[]) {
    this.#classNames = [...new Set(classNames)]
    this.#isRegistered = classNames.length === 0
    this.#registered.promise.catch(() => undefined)
  }

  /** Throws what a class that cannot be made or registered throws: such a worker must not run. */
  async register(options: {
    readonly find: (className: string) => RestExtensionClass
    readonly props: Props
    readonly clusterState: ConnectClusterState
    readonly logger: Logger
    /** For routes: those of Connect are registered before. */
    readonly router: Router
  }): Promise<void> {
    const { find, props, clusterState, logger, router } = options
    for (const className of this.#classNames) {
      const extensionClass = BASIC_AUTH_NAMES.includes(className) ? BasicAuthRestExtension : find(className)
      const extension = new extensionClass(props)
      this.#extensions.push(extension)
      await extension.register({
        clusterState,
        logger: logger.child(`[${className.slice(className.lastIndexOf('.') + 1)}]`),
        filter: (filter) => this.#filters.push(filter),
        route: (method, path, handler) => route(router, method, path, handler),
      })
    }
    this.#isRegistered = true
    this.#registered.resolve()
  }

  /** In front of all routes. */
  readonly guard = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (!this.#isRegistered) await this.#registered.promise
    for (const filter of this.#filters) {
      const refusal = await filter(requestOf(request))
      if (refusal !== undefined) {
        sendAnswer(response, refusal)
        return
      }
    }
    next()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#registered.reject(new HttpError(503, 'the worker is stopping'))
    for (const extension of this.#extensions.toReversed()) await extension.close?.()
  }
}

function route(router: Router, method: string, path: string, handler: Handler): void {
  const verb = VERBS.find((each) => each === method.toLowerCase())
  if (verb === undefined) throw new HttpError(500, `an extension cannot serve the method ${method}`)
  router.route(path)[verb](async (request: Request, response: Response) => {
    sendAnswer(response, await handler(requestOf(request)))
  })
}

function requestOf(request: Request): RestRequest {
  const { method, path, query, headers, params } = request
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  return { method, path, query, headers, body, params: params as Record<string, string> }
}

function sendAnswer(response: Response, { status, headers = {}, body }: RestAnswer): void {
  response.status(status)
  const plain = typeof body === 'string' || body instanceof Uint8Array
  if (body !== undefined)
    sendBytesUnlessSet(response, headers, plain ? Buffer.from(body) : Buffer.from(connectJson(body)), plain)
  else {
    setAll(response, headers)
    response.end()
  }
}

function sendBytesUnlessSet(
  response: Response,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  plain: boolean,
): void {
  setAll(response, headers)
  const contentType = response.getHeader('Content-Type') ?? (plain ? 'text/plain' : 'application/json')
  sendBytes(response, String(contentType), body)
}

function setAll(response: Response, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
}
