import { ConnectError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import { connectJson } from '../api/connect-json.ts'
import type { InternalRequests } from '../herder/parts.ts'
import type { SessionKey } from '../storage/config-records.ts'
import { signatureHeaders } from './request-signing.ts'
import type { WorkerHttp, WorkerReply } from './worker-http.ts'

/** Requests that only workers may send. Signed when the group's protocol is `sessioned`. */
export class WorkerClient implements InternalRequests {
  readonly #http: WorkerHttp
  readonly #sessionKey: () => SessionKey | undefined
  readonly #algorithm: () => string | undefined

  constructor(options: {
    readonly http: WorkerHttp
    readonly sessionKey: () => SessionKey | undefined
    /** Asked for each request; undefined: it is not signed */
    readonly algorithm: () => string | undefined
  }) {
    this.#http = options.http
    this.#sessionKey = options.sessionKey
    this.#algorithm = options.algorithm
  }

  async putTaskConfigs(leaderUrl: string, connector: string, configs: readonly Props[]): Promise<void> {
    const url = new URL(`connectors/${encodeURIComponent(connector)}/tasks`, leaderUrl)
    const body = Buffer.from(connectJson(configs))
    const { status, body: answer } = await this.#http.ask({ method: 'POST', url, body, headers: this.signature(body) })
    if (status >= 300)
      throw new ConnectError(`the leader at ${leaderUrl} refused task configs: ${status} ${answer.toString('utf8')}`)
  }

  async fence(leaderUrl: string, connector: string): Promise<void> {
    const url = new URL(`connectors/${encodeURIComponent(connector)}/fence`, leaderUrl)
    const body = Buffer.alloc(0)
    const doing = `fence earlier tasks of ${connector} by the leader at ${leaderUrl}`
    let reply: WorkerReply
    try {
      reply = await this.#http.ask({ method: 'PUT', url, body, headers: this.signature(body) })
    } catch (error) {
      throw new ConnectError(`cannot ${doing}`, { code: 'RETRIABLE', cause: error })
    }
    if (reply.status < 300) return
    // 404: it does not know the connector yet; 409: it is not, or no longer, the leader
    const code = [404, 409, 503].includes(reply.status) ? 'RETRIABLE' : 'CONNECT'
    throw new ConnectError(`cannot ${doing}: ${reply.status} ${reply.body.toString('utf8')}`, { code })
  }

  signature(body: Buffer): Readonly<Record<string, string>> {
    const algorithm = this.#algorithm()
    if (algorithm === undefined) return {}
    const key = this.#sessionKey()
    if (key === undefined) throw new ConnectError('there is no session key yet to sign requests to other workers with')
    return signatureHeaders(body, key, algorithm)
  }
}
