import { abortable, sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import type { Logger } from '../api/index.ts'
import type { Address, ClientOptions } from './client-options.ts'
import { ClientClosedError } from './kafka-errors.ts'
import { nodeName } from './network-meter.ts'
import type { NetworkMeter } from './network-meter.ts'
import { Transport } from './transport.ts'
import type { BrokerConnection } from './broker-connection.ts'

/**
 * The open connections of one client, by address and channel. Requests that a broker holds back (JoinGroup, a long Fetch) get a channel
 * of their own: a connection answers in order. After a failure an address is left alone for reconnect.backoff.ms, doubling.
 */
export class Connections {
  readonly #options: ClientOptions
  readonly #logger: Logger
  readonly #transport: Transport
  readonly #open = new Map<string, Promise<BrokerConnection>>()
  readonly #failures = new Map<string, { readonly backoff: Backoff; notBefore: number }>()
  readonly #closing = new AbortController()

  constructor(options: ClientOptions, logger: Logger, meter?: NetworkMeter) {
    this.#options = options
    this.#logger = logger
    this.#transport = new Transport(options, logger, meter)
  }

  /** Waits out a back-off of the address, then connects if need be. */
  async to(address: Address, channel: string, signal?: AbortSignal): Promise<BrokerConnection> {
    const key = `${channel}/${address.host}:${address.port}`
    const known = this.#open.get(key)
    if (known !== undefined) {
      // a failed attempt removes itself from the map
      const connection = await abortable(known, signal)
      if (connection.open) return connection
      if (connection.stale) connection.retire()
      if (this.#open.get(key) === known) this.#open.delete(key)
      return await this.to(address, channel, signal)
    }
    this.#refuseWhenClosed()
    const opening = this.#connect(address, key, channel)
    this.#open.set(key, opening)
    return await abortable(opening, signal)
  }

  /** Closes one connection, and with it what waits there. */
  drop(address: Address, channel: string): void {
    const key = `${channel}/${address.host}:${address.port}`
    const opening = this.#open.get(key)
    this.#open.delete(key)
    opening?.then(
      (connection) => connection.close(),
      () => undefined,
    )
  }

  /** When a connection could be opened without waiting for a back-off, in milliseconds since the epoch; 0: now. */
  reachableAt(address: Address): number {
    return this.#failures.get(`${address.host}:${address.port}`)?.notBefore ?? 0
  }

  close(): void {
    this.#closing.abort()
    for (const opening of this.#open.values()) {
      opening.then(
        (connection) => connection.close(),
        () => undefined,
      )
    }
    this.#open.clear()
  }

  async #connect(address: Address, key: string, channel: string): Promise<BrokerConnection> {
    const name = `${address.host}:${address.port}`
    try {
      const failure = this.#failures.get(name)
      if (failure !== undefined) await sleep(Math.max(0, failure.notBefore - Date.now()), this.#closing.signal)
      this.#refuseWhenClosed()
      const connection = await this.#transport.open(address, nodeName(address, channel, this.#options.bootstrap))
      this.#failures.delete(name)
      if (this.#closing.signal.aborted) connection.close()
      this.#refuseWhenClosed()
      return connection
    } catch (error) {
      this.#open.delete(key)
      this.#failed(name)
      throw error
    }
  }

  #failed(name: string): void {
    const { reconnectBackoffMs: initialMs, reconnectBackoffMaxMs: maxMs } = this.#options
    const failure = this.#failures.get(name) ?? { backoff: new Backoff({ initialMs, maxMs }), notBefore: 0 }
    const pause = failure.backoff.next()
    failure.notBefore = Date.now() + pause
    this.#failures.set(name, failure)
    this.#logger.debug(`broker ${name} cannot be reached; next attempt in ${pause} ms`)
  }

  #refuseWhenClosed(): void {
    if (this.#closing.signal.aborted) {
      throw new ClientClosedError('connect')
    }
  }
}
