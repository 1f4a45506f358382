import { setTimeout as delay } from 'node:timers/promises'
import { UsageError } from '../usage-error.ts'

export interface InstanceStatus {
  readonly state: string
  readonly worker_id?: string
  readonly trace?: string
}

export interface ConnectorStatus {
  readonly name: string
  readonly type?: string
  readonly connector: InstanceStatus
  readonly tasks: readonly (InstanceStatus & { readonly id?: number })[]
}

export type Config = Readonly<Record<string, string>>
export type InitialState = 'RUNNING' | 'PAUSED' | 'STOPPED'

const REQUEST_TIMEOUT_MS = 60_000
const RETRY_MS = 200
const RETRIES = 100

/** An answer that is neither what was asked for nor "not found". */
export class RestError extends Error {
  readonly status: number

  constructor(what: string, status: number, text: string) {
    super(`${what} answered ${status}: ${messageOf(text)}`)
    this.status = status
  }
}

/** A client of the Connect REST API, as any other program would write it. */
export class ConnectRest {
  readonly url: string

  constructor(url: string) {
    if (!URL.canParse(url) || !/^https?:/.test(url))
      throw new UsageError(`${url} is no URL, such as http://127.0.0.1:8083`)
    this.url = url.replace(/\/+$/, '')
  }

  /** undefined: there is no such connector. */
  async config(name: string): Promise<Config | undefined> {
    const { status, text } = await this.#request('GET', `${pathOf(name)}/config`)
    return status === 404 ? undefined : (JSON.parse(text) as Config)
  }

  async create(connector: {
    readonly name: string
    readonly config: Config
    readonly initial_state?: InitialState
  }): Promise<void> {
    await this.#request('POST', '/connectors', connector)
  }

  async replace(name: string, config: Config): Promise<void> {
    await this.#request('PUT', `${pathOf(name)}/config`, config)
  }

  /** By name. One without a status yet (it was made a moment ago) is left out. */
  async statuses(): Promise<ConnectorStatus[]> {
    const { text } = await this.#request('GET', '/connectors?expand=status')
    const all = JSON.parse(text) as Record<string, { status?: ConnectorStatus }>
    return Object.values(all)
      .flatMap(({ status }) => (status === undefined ? [] : [status]))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** undefined: there is no such connector, or nothing is known of it yet. */
  async status(name: string): Promise<ConnectorStatus | undefined> {
    const { status, text } = await this.#request('GET', `${pathOf(name)}/status`)
    return status === 404 ? undefined : (JSON.parse(text) as ConnectorStatus)
  }

  async transition(name: string, to: 'pause' | 'resume' | 'stop'): Promise<void> {
    await this.#request('PUT', `${pathOf(name)}/${to}`)
  }

  /** The answer's text, `{"offsets": […]}`: numbers keep all their digits in it. undefined: this cluster cannot tell (before 3.5). */
  async offsets(name: string): Promise<string | undefined> {
    const { status, text } = await this.#request('GET', `${pathOf(name)}/offsets`)
    return status === 404 ? undefined : text
  }

  /** `offsets` as text, as offsets() answers it. */
  async alterOffsets(name: string, offsets: string): Promise<void> {
    await this.#request('PATCH', `${pathOf(name)}/offsets`, offsets)
  }

  /** Messages of a validation, with their keys; a RestError when the class is not known there. */
  async validate(config: Config): Promise<readonly string[]> {
    const path = `/connector-plugins/${encodeURIComponent(config['connector.class'] ?? '')}/config/validate`
    const { status, text } = await this.#request('PUT', path, config)
    if (status === 404) throw new RestError(`PUT ${path}`, status, text)
    const { configs } = JSON.parse(text) as { configs: { value: { name: string; errors: string[] } }[] }
    return configs.flatMap(({ value }) => value.errors.map((error) => `${value.name}: ${error}`))
  }

  /** Prometheus text. */
  async metrics(): Promise<string> {
    return (await this.#request('GET', '/metrics')).text
  }

  /** 409 is Connect's answer while the workers rebalance: try again. */
  async #request(method: string, path: string, body?: object | string): Promise<{ status: number; text: string }> {
    for (let attempt = 1; ; attempt++) {
      const { response, text } = await this.#send(method, path, body)
      if (response.ok || response.status === 404) return { status: response.status, text }
      if (response.status !== 409 || attempt === RETRIES || !/rebalance/.test(text))
        throw new RestError(`${method} ${path}`, response.status, text)
      await delay(RETRY_MS)
    }
  }

  async #send(method: string, path: string, body?: object | string): Promise<{ response: Response; text: string }> {
    const raw = typeof body === 'object' ? JSON.stringify(body) : body
    try {
      const response = await fetch(this.url + path, {
        method,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        ...(raw === undefined ? {} : { body: raw, headers: { 'content-type': 'application/json' } }),
      })
      return { response, text: await response.text() }
    } catch (error) {
      const { message, cause } = error as Error
      throw new UsageError(`${this.url} cannot be asked: ${cause instanceof Error ? cause.message : message}`, {
        cause: error,
      })
    }
  }
}

function pathOf(connector: string): string {
  return `/connectors/${encodeURIComponent(connector)}`
}

/** Connect's error body, or what came instead. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' ? message : text
  } catch {
    return text
  }
}
