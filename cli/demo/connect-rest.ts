import { setTimeout as delay } from 'node:timers/promises'

export interface InstanceStatus {
  readonly state: string
  readonly trace?: string
}

export interface ConnectorStatus {
  readonly name: string
  readonly connector: InstanceStatus
  readonly tasks: readonly InstanceStatus[]
}

type Config = Readonly<Record<string, string>>

const REQUEST_TIMEOUT_MS = 60_000
const RETRY_MS = 200
const RETRIES = 100

/** A client of the Connect REST API, as any other program would write it. */
export class ConnectRest {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** undefined: there is no such connector. */
  async config(name: string): Promise<Config | undefined> {
    const { status, text } = await this.#request('GET', `/connectors/${name}/config`)
    if (status === 404) return undefined
    return JSON.parse(text) as Config
  }

  async create(connector: { readonly name: string; readonly config: Config }): Promise<void> {
    await this.#request('POST', '/connectors', connector)
  }

  async replace(name: string, config: Config): Promise<void> {
    await this.#request('PUT', `/connectors/${name}/config`, config)
  }

  async statuses(): Promise<ConnectorStatus[]> {
    const { text } = await this.#request('GET', '/connectors?expand=status')
    const all = JSON.parse(text) as Record<string, { status: ConnectorStatus }>
    return Object.values(all)
      .map(({ status }) => status)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Prometheus text. */
  async metrics(): Promise<string> {
    return (await this.#request('GET', '/metrics')).text
  }

  /** 409 is Connect's answer while the workers rebalance: try again. */
  async #request(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(this.#url + path, {
        method,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      const text = await response.text()
      if (response.ok || response.status === 404) return { status: response.status, text }
      if (response.status !== 409 || attempt === RETRIES)
        throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
      await delay(RETRY_MS)
    }
  }
}
