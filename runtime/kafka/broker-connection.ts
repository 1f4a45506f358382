import { KafkaError } from './kafka-errors.ts'
import type { InternalConnection } from './kafkajs-internals.ts'
import type { ConnectionMeter } from './network-meter.ts'
import { ApiVersions, ErrorCode, Reader, Writer } from './protocol/index.ts'
import type { Api, Fields, Message, MessageInput } from './protocol/index.ts'
import { authenticate } from './security/authentication.ts'
import type { SaslMechanism } from './security/sasl-mechanism.ts'
import type { UnjoinedWrites } from './unjoined-writes.ts'

/** A connection is replaced when this part of its authentication's life is over (KIP-368): requests then find a fresh one. */
const REAUTHENTICATE_FACTOR = 0.85
/** Below this, one copy costs less than a write of several pieces. */
const UNJOINED_BYTES = 16 * 1024

/** One connection to one broker; requests are answered in the order they were sent. */
export class BrokerConnection {
  readonly #internal: InternalConnection
  readonly #name: string
  readonly #unjoined: UnjoinedWrites
  readonly #requestTimeoutMs: number
  readonly #meter: ConnectionMeter | undefined
  readonly #versions = new Map<number, readonly [number, number]>()
  #closed = false
  #freshUntil = Infinity
  #retired = false

  constructor(
    internal: InternalConnection,
    name: string,
    unjoined: UnjoinedWrites,
    requestTimeoutMs: number,
    meter?: ConnectionMeter,
  ) {
    this.#internal = internal
    this.#name = name
    this.#unjoined = unjoined
    this.#requestTimeoutMs = requestTimeoutMs
    this.#meter = meter
  }

  /** host:port */
  get name(): string {
    return this.#name
  }

  /** Whether new requests may be sent here; what is in flight is answered even if not. */
  get open(): boolean {
    return !this.#closed && this.#internal.isConnected() && performance.now() < this.#freshUntil
  }

  /** Not open for new requests only because its authentication ends soon. */
  get stale(): boolean {
    return !this.#closed && performance.now() >= this.#freshUntil
  }

  /** The highest version both sides know, at most `limit`. */
  version(api: Versioned, limit = Infinity): number {
    const range = this.#versions.get(api.key)
    const version = Math.min(api.maxVersion, range?.[1] ?? -1, limit)
    if (range === undefined || version < Math.max(api.minVersion, range[0])) {
      throw new KafkaError(ErrorCode.UNSUPPORTED_VERSION, `send ${api.name} to ${this.#name}`, {
        detail: `the broker offers ${range === undefined ? 'no such API' : `versions ${range.join(' to ')}`}`,
      })
    }
    return version
  }

  /**
   * Sends and answers the response; undefined when `expectResponse` is false. A connection that does not answer within the time is
   * closed: what else waits on it would get late or foreign answers.
   */
  async send<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    version: number,
    request: MessageInput<Q>,
    options: { readonly timeoutMs?: number; readonly expectResponse?: boolean } = {},
  ): Promise<Message<S> | undefined> {
    const writer = new Writer()
    // kafkajs writes request header 1; header 2 is that and the tags, of which there are none
    if (api.requestHeaderVersion(version) === 2) writer.uvarint(0)
    api.writeRequest(writer, version, request)
    const payload = await this.#exchange(api, version, writer, options)
    if (payload === undefined) return undefined
    const reader = new Reader(payload)
    if (api.responseHeaderVersion(version) === 1) reader.skipTags()
    return api.readResponse(reader, version)
  }

  async handshake(sasl: SaslMechanism | undefined): Promise<void> {
    const versions = await this.#apiVersions()
    for (const { apiKey, minVersion, maxVersion } of versions) this.#versions.set(apiKey, [minVersion, maxVersion])
    if (sasl === undefined) return
    const lifetimeMs = await authenticate(this, sasl)
    if (lifetimeMs > 0) this.#freshUntil = performance.now() + lifetimeMs * REAUTHENTICATE_FACTOR
  }

  /** Closes when what is in flight has been answered, at the latest when it has timed out. */
  retire(): void {
    if (this.#retired) return
    this.#retired = true
    setTimeout(() => this.close(), this.#requestTimeoutMs).unref()
  }

  close(
    reason: Error = new KafkaError(ErrorCode.NETWORK_EXCEPTION, `use ${this.#name}`, { detail: 'connection closed' }),
  ): void {
    if (this.#closed) return
    this.#closed = true
    this.#internal.rejectRequests(reason)
    // kafkajs queues a request some microtasks after it is sent, and would let it wait on the socket that is gone
    setImmediate(() => this.#internal.rejectRequests(reason))
    this.#internal.socket?.destroy()
    // only clears timers and state: nothing is pending any more
    void this.#internal.disconnect().catch(() => undefined)
  }

  async #apiVersions(): Promise<readonly { apiKey: number; minVersion: number; maxVersion: number }[]> {
    for (const version of [3, 0]) {
      const request = { clientSoftwareName: 'naru', clientSoftwareVersion: '0.1.0' }
      const writer = new Writer()
      if (version === 3) writer.uvarint(0)
      ApiVersions.writeRequest(writer, version, request)
      const payload = (await this.#exchange(ApiVersions, version, writer, {}))!
      const code = payload.readInt16BE(0)
      // A broker that does not know version 3 says so in the form of version 0 (KIP-511).
      if (version === 3 && code === ErrorCode.UNSUPPORTED_VERSION) continue
      if (code !== ErrorCode.NONE) throw new KafkaError(code, `ask ${this.#name} for its API versions`)
      return ApiVersions.readResponse(new Reader(payload), version).apiKeys
    }
    throw new KafkaError(ErrorCode.UNSUPPORTED_VERSION, `ask ${this.#name} for its API versions`)
  }

  async #exchange(
    api: Versioned,
    apiVersion: number,
    writer: Writer,
    options: { readonly timeoutMs?: number; readonly expectResponse?: boolean },
  ): Promise<Buffer | undefined> {
    const expectResponse = options.expectResponse ?? true
    const timeoutMs = options.timeoutMs ?? this.#requestTimeoutMs
    const doing = `send ${api.name} to ${this.#name}`
    if (this.#closed) throw new KafkaError(ErrorCode.NETWORK_EXCEPTION, doing, { detail: 'connection closed' })
    // without a response nothing tells when the pieces are written and may change
    const unjoined = expectResponse && writer.length >= UNJOINED_BYTES
    const body = unjoined ? this.#unjoined.add(writer.chunks()) : writer.toBuffer()
    const timer = setTimeout(() => {
      this.close(new KafkaError(ErrorCode.REQUEST_TIMED_OUT, doing, { detail: `no answer within ${timeoutMs} ms` }))
    }, timeoutMs)
    try {
      const sending = this.#internal.send({
        request: {
          apiKey: api.key,
          apiVersion,
          apiName: api.name,
          encode: () => ({ buf: body, buffer: body, size: () => body.length }),
          expectResponse: () => expectResponse,
        },
        response: { decode: identity, parse: identity },
        logResponseError: false,
      })
      const payload = await (this.#meter === undefined ? sending : this.#meter.exchange(writer.length, sending))
      return expectResponse ? payload : undefined
    } catch (error) {
      this.close()
      if (error instanceof KafkaError) throw error
      throw new KafkaError(ErrorCode.NETWORK_EXCEPTION, doing, { cause: error, detail: messageOf(error) })
    } finally {
      clearTimeout(timer)
      if (unjoined) this.#unjoined.remove(body)
    }
  }
}

interface Versioned {
  readonly key: number
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

function identity(payload: Buffer): Buffer {
  return payload
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
