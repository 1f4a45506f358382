import { Meter } from '../telemetry/meter.ts'
import type { MetricWindow } from '../telemetry/windowed-statistics.ts'
import type { Address } from './client-options.ts'

/** Length, API key, version and correlation id, and the length of the client id behind them. */
const REQUEST_HEADER_BYTES = 4 + 2 + 2 + 4 + 2
/** Length and correlation id. */
const RESPONSE_HEADER_BYTES = 4 + 4
/** Java's clients have a connection of its own for the coordinator, which they number so. */
const COORDINATOR_BASE = 2 ** 31 - 1

/** Bytes with headers and lengths, as they are before TLS. */
class Traffic {
  /** Bytes of each. */
  readonly requests: Meter
  readonly responses: Meter
  /** Milliseconds from a request to its response. */
  readonly latency: Meter

  constructor(window: MetricWindow) {
    this.requests = new Meter(window)
    this.responses = new Meter(window)
    this.latency = new Meter(window)
  }
}

/** Counts what one client's connections do. A client without one counts nothing. */
export class NetworkMeter {
  readonly total: Traffic
  readonly created: Meter
  readonly closed: Meter
  readonly authenticated: Meter
  readonly refused: Meter
  readonly #window: MetricWindow
  readonly #nodes = new Map<string, Traffic>()
  readonly #requestHeader: number

  constructor(options: { readonly clientId: string; readonly window: MetricWindow }) {
    const { clientId, window } = options
    this.#window = window
    this.#requestHeader = REQUEST_HEADER_BYTES + Buffer.byteLength(clientId)
    this.total = new Traffic(window)
    this.created = new Meter(window)
    this.closed = new Meter(window)
    this.authenticated = new Meter(window)
    this.refused = new Meter(window)
  }

  /** By node id, in the order of their first connections. They stay when these close. */
  get nodes(): ReadonlyMap<string, Traffic> {
    return this.#nodes
  }

  get open(): number {
    return this.created.events - this.closed.events
  }

  connected(socket: { once(event: 'close', listener: () => void): unknown }): void {
    this.created.record()
    socket.once('close', () => this.closed.record())
  }

  /** For a connection to the node of this id (nodeName()). */
  connection(node: string): ConnectionMeter {
    let traffic = this.#nodes.get(node)
    if (traffic === undefined) this.#nodes.set(node, (traffic = new Traffic(this.#window)))
    return new ConnectionMeter([this.total, traffic], this.#requestHeader)
  }
}

/** Counts the requests of one connection, and their answers. */
export class ConnectionMeter {
  readonly #traffics: readonly Traffic[]
  readonly #requestHeader: number

  constructor(traffics: readonly Traffic[], requestHeader: number) {
    this.#traffics = traffics
    this.#requestHeader = requestHeader
  }

  /** Of a request that is being sent: its length without header. Answers what `sending` answers. */
  async exchange(length: number, sending: Promise<Buffer | undefined>): Promise<Buffer | undefined> {
    const sentAt = Date.now()
    for (const { requests } of this.#traffics) requests.record(this.#requestHeader + length, sentAt)
    const payload = await sending
    if (payload === undefined) return undefined
    const now = Date.now()
    for (const { responses, latency } of this.#traffics) {
      responses.record(RESPONSE_HEADER_BYTES + payload.length, now)
      latency.record(now - sentAt, now)
    }
    return payload
  }
}

/** As Java's clients name nodes in metrics: brokers by id, bootstrap servers below 0, and the coordinator, whose connections are its own. */
export function nodeName(
  address: Address & { readonly nodeId?: number },
  channel: string,
  bootstrap: readonly Address[],
): string {
  const { nodeId } = address
  if (nodeId === undefined) {
    const at = bootstrap.findIndex(({ host, port }) => host === address.host && port === address.port)
    return `node-${-1 - Math.max(0, at)}`
  }
  return `node-${channel === 'main' ? nodeId : COORDINATOR_BASE - nodeId}`
}
