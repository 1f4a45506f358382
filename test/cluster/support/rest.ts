/** A thin client of the Connect REST API that tries every worker it knows. */
export class RestClient {
  readonly urls: readonly string[]
  constructor(urls: readonly string[]) {
    this.urls = urls
  }

  /** The first worker that answers; connection failures move on to the next. */
  async request(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    let failure: unknown
    for (const url of this.urls) {
      try {
        const response = await fetch(url + path, {
          method,
          ...(body === undefined
            ? {}
            : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
          // a frozen worker accepts and never answers; reading may be asked of another one
          signal: AbortSignal.timeout(method === 'GET' ? 5_000 : 95_000),
        })
        const text = await response.text()
        return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
      } catch (error) {
        failure = error
      }
    }
    throw new Error(`no worker answered ${method} ${path}`, { cause: failure })
  }

  async put(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    const answer = await this.request('PUT', `/connectors/${name}/config`, config)
    if (answer.status !== 200 && answer.status !== 201)
      throw new Error(`PUT ${name}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }

  async status(name: string): Promise<ConnectorStatus | undefined> {
    const answer = await this.request('GET', `/connectors/${name}/status`)
    return answer.status === 200 ? (answer.body as ConnectorStatus) : undefined
  }
}

export interface ConnectorStatus {
  readonly name: string
  readonly type: string
  readonly connector: { readonly state: string; readonly worker_id: string; readonly trace?: string }
  readonly tasks: readonly {
    readonly id: number
    readonly state: string
    readonly worker_id: string
    readonly trace?: string
  }[]
}

export function isRunning(status: ConnectorStatus | undefined, tasks = 1): boolean {
  return (
    status !== undefined &&
    status.connector.state === 'RUNNING' &&
    status.tasks.length >= tasks &&
    status.tasks.every((task) => task.state === 'RUNNING')
  )
}
