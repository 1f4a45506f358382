import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import type { Props } from '../api/props.ts'
import { http, https } from '../async/node-builtins.ts'
import { HttpError } from './error-response.ts'
import { tlsOptions } from './tls-options.ts'
import type { TlsOptions } from './tls-options.ts'

const REQUEST_TIMEOUT_MS = 90_000

export interface WorkerReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface WorkerRequest {
  readonly method: string
  readonly url: URL
  readonly body?: Buffer
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

/** There was no connection to send the request on, so it did not arrive: it may be sent again, also to another worker. */
export class NobodyListensError extends HttpError {
  constructor(message: string, cause: Error) {
    super(500, message, { cause })
  }
}

/** HTTP and HTTPS to other workers: one connection per request, redirects are not followed. */
export class WorkerHttp {
  readonly #props: Props
  #tls: TlsOptions | undefined

  /** `props`: the worker's; its TLS settings are those of its own listeners. */
  constructor(props: Props) {
    this.#props = props
  }

  request(url: URL, options: RequestOptions, onAnswer: (incoming: IncomingMessage) => void): ClientRequest {
    const common = { ...options, agent: false as const }
    if (url.protocol !== 'https:') return http.request(url, common, onAnswer)
    const { requestCert: _, checkHost, ...tls } = (this.#tls ??= tlsOptions(this.#props, 'listeners.https.'))
    return https().request(
      url,
      {
        ...common,
        ...tls,
        rejectUnauthorized: true,
        ...(checkHost ? {} : { checkServerIdentity: () => undefined }),
      },
      onAnswer,
    )
  }

  async ask({ method, url, body = Buffer.alloc(0), headers, timeoutMs }: WorkerRequest): Promise<WorkerReply> {
    return await new Promise((resolve, reject) => {
      let isConnected = false
      const fail = (cause: Error): void => {
        const message = `IO Error trying to forward REST request: ${cause.message}`
        const { code } = cause as NodeJS.ErrnoException
        // a worker that stops resets what its system has let in and it has not accepted
        const unsent = !isConnected && (code === 'ECONNREFUSED' || code === 'ECONNRESET')
        reject(unsent ? new NobodyListensError(message, cause) : new HttpError(500, message, { cause }))
      }
      const outgoing = this.request(
        url,
        {
          method,
          signal: AbortSignal.timeout(timeoutMs ?? REQUEST_TIMEOUT_MS),
          headers: {
            Accept: 'application/json',
            'User-Agent': 'kafka-connect',
            ...(body.length > 0 ? { 'Content-Type': 'application/json', 'Content-Length': body.length } : {}),
            ...headers,
          },
        },
        (incoming) => {
          const parts: Buffer[] = []
          incoming.on('data', (part: Buffer) => parts.push(part))
          incoming.on('error', fail)
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 500, headers: incoming.headers, body: Buffer.concat(parts) }),
          )
        },
      )
      outgoing.on('error', fail)
      outgoing.once('socket', (socket) =>
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => (isConnected = true)),
      )
      outgoing.end(body)
    })
  }
}
