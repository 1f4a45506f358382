import { ConnectError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import { connectJson } from '../api/connect-json.ts'
import type { InternalRequests } from '../herder/parts.ts'
import type { SessionKey } from '../storage/config-records.ts'
import { signatureHeaders } from './request-signing.ts'
import type { WorkerHttp } from './worker-http.ts'

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

  signature(body: Buffer): Readonly<Record<string, string>> {
    const algorithm = this.#algorithm()
    if (algorithm === undefined) return {}
    const key = this.#sessionKey()
    if (key === undefined) throw new ConnectError('there is no session key yet to sign requests to other workers with')
    return signatureHeaders(body, key, algorithm)
  }
}
