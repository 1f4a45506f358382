import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { ConnectError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import { connectJson } from '../api/connect-json.ts'
import type { InternalRequests } from '../herder/parts.ts'
import type { SessionKey } from '../storage/config-records.ts'
import { HttpError } from './error-response.ts'
import { signatureHeaders } from './request-signing.ts'

const REQUEST_TIMEOUT_MS = 90_000

export interface WorkerReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface WorkerRequest {
  readonly method: string
  readonly url: URL
  readonly body: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** The worker's port refused the connection, so the request did not arrive: it may be sent again, also to another worker. */
export class NobodyListensError extends HttpError {
  constructor(message: string, cause: Error) {
    super(500, message, { cause })
  }
}

/** HTTP to another worker: one connection per request, redirects are not followed. */
export async function askWorker({ method, url, body, headers }: WorkerRequest): Promise<WorkerReply> {
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent: false,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
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
    const fail = (cause: Error): void => {
      const message = `IO Error trying to forward REST request: ${cause.message}`
      const refused = (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED'
      reject(refused ? new NobodyListensError(message, cause) : new HttpError(500, message, { cause }))
    }
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}

/** Requests that only workers may send. Signed when the group's protocol is `sessioned`. */
export class WorkerClient implements InternalRequests {
  readonly #sessionKey: () => SessionKey | undefined
  readonly #algorithm: string | undefined

  constructor(options: {
    readonly sessionKey: () => SessionKey | undefined
    /** undefined: requests are not signed */
    readonly algorithm: string | undefined
  }) {
    this.#sessionKey = options.sessionKey
    this.#algorithm = options.algorithm
  }

  async putTaskConfigs(leaderUrl: string, connector: string, configs: readonly Props[]): Promise<void> {
    const url = new URL(`connectors/${encodeURIComponent(connector)}/tasks`, leaderUrl)
    const body = Buffer.from(connectJson(configs))
    const { status, body: answer } = await askWorker({ method: 'POST', url, body, headers: this.signature(body) })
    if (status >= 300)
      throw new ConnectError(`the leader at ${leaderUrl} refused task configs: ${status} ${answer.toString('utf8')}`)
  }

  signature(body: Buffer): Readonly<Record<string, string>> {
    if (this.#algorithm === undefined) return {}
    const key = this.#sessionKey()
    if (key === undefined) throw new ConnectError('there is no session key yet to sign requests to other workers with')
    return signatureHeaders(body, key, this.#algorithm)
  }
}
