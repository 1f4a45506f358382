import type { Logger } from './logger.ts'
import type { Props } from './props.ts'

/** What a REST extension may know of the cluster (Connect's ConnectClusterState). Any worker answers from its own copy of the logs. */
export interface ConnectClusterState {
  /** Names of all connectors. */
  connectors(): readonly string[]
  /** Throws a NotFoundError. */
  connectorHealth(name: string): ConnectorHealth
  /** The configuration as stored: placeholders stay placeholders. Throws a NotFoundError. */
  connectorConfig(name: string): Props
  clusterDetails(): Promise<{ readonly kafkaClusterId: string }>
}

export interface InstanceHealth {
  readonly state: string
  /** `host:port` */
  readonly workerId: string
  /** undefined: it has not failed */
  readonly traceMessage: string | undefined
}

export interface ConnectorHealth {
  readonly name: string
  readonly type: 'source' | 'sink' | 'unknown'
  readonly connector: InstanceHealth
  /** By task number. */
  readonly tasks: ReadonlyMap<number, InstanceHealth>
}

export interface RestRequest {
  readonly method: string
  /** Without the query; as sent. */
  readonly path: string
  readonly query: Readonly<Record<string, unknown>>
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
  /** Segments named `:name` in a route's path, decoded. */
  readonly params: Readonly<Record<string, string>>
}

export interface RestAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is when it is a string or bytes, else as JSON. */
  readonly body?: unknown
}

export interface RestExtensionContext {
  /** Not to be asked before the worker runs, so not within `register`. */
  readonly clusterState: ConnectClusterState
  readonly logger: Logger
  /** Sees every request before it is served; an answer ends it there. */
  filter(filter: (request: RestRequest) => RestAnswer | undefined | Promise<RestAnswer | undefined>): void
  /** An endpoint of the extension's own. Those of Connect go first. */
  route(method: string, path: string, handler: (request: RestRequest) => RestAnswer | Promise<RestAnswer>): void
}

/** Named in `rest.extension.classes`; one instance per worker, registered in that order when its REST server starts. */
export interface RestExtension {
  register(context: RestExtensionContext): void | Promise<void>
  close?(): void | Promise<void>
}
export interface RestExtensionClass {
  /** `props`: the worker's configuration. */
  new (props: Props): RestExtension
}
