import { isConnectError } from '../api/errors.ts'
import type { Logger } from '../api/index.ts'
import { BrokerConnection } from './broker-connection.ts'
import { connectFailure } from './broker-socket.ts'
import type { ClientOptions } from './client-options.ts'
import { KafkaError, isKafkaError } from './kafka-errors.ts'
import { internalConnection, stopIdleSpin } from './kafkajs-internals.ts'
import type { NetworkMeter } from './network-meter.ts'
import { ErrorCode } from './protocol/index.ts'
import type { SaslMechanism } from './security/sasl-mechanism.ts'
import { UnjoinedWrites } from './unjoined-writes.ts'

/** Opens connections to brokers: connecting and framing are kafkajs' (pinned), everything else is ours. */
export class Transport {
  readonly #options: ClientOptions
  readonly #logger: Logger
  readonly #unjoined = new UnjoinedWrites()
  readonly #requestTimeoutMs: number
  readonly #setupTimeoutMs: number
  readonly #sasl: SaslMechanism | undefined
  readonly #authenticates: boolean
  readonly #meter: NetworkMeter | undefined

  constructor(options: ClientOptions, logger: Logger, meter?: NetworkMeter) {
    this.#requestTimeoutMs = options.requestTimeoutMs
    this.#setupTimeoutMs = options.connectTimeoutMs
    this.#sasl = options.security.sasl
    this.#authenticates = options.security.sasl !== undefined || options.security.tls !== undefined
    this.#meter = meter
    this.#options = options
    this.#logger = logger
  }

  /** Connects, asks for the broker's API versions and authenticates. `node`: what the meter calls the broker. */
  async open(
    address: { readonly host: string; readonly port: number },
    node = `${address.host}:${address.port}`,
  ): Promise<BrokerConnection> {
    const name = `${address.host}:${address.port}`
    const internal = internalConnection(address, this.#options, this.#logger, this.#unjoined)
    stopIdleSpin(internal)
    try {
      await internal.connect()
    } catch (error) {
      const failure = connectFailure(error, name)
      if (!isKafkaError(failure)) this.#meter?.refused.record()
      throw failure
    }
    if (internal.socket !== undefined) this.#meter?.connected(internal.socket)
    const meter = this.#meter?.connection(node)
    const connection = new BrokerConnection(internal, name, this.#unjoined, this.#requestTimeoutMs, meter)
    // a frozen host accepts connections, and is silent then
    const timer = setTimeout(() => connection.close(silent(name, this.#setupTimeoutMs)), this.#setupTimeoutMs)
    try {
      await connection.handshake(this.#sasl)
      if (this.#authenticates) this.#meter?.authenticated.record()
      return connection
    } catch (error) {
      if (refused(error)) this.#meter?.refused.record()
      connection.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The broker does not know us, or we do not know it: in contrast to one that cannot be reached. */
function refused(error: unknown): boolean {
  return isKafkaError(error) ? error.kafkaCode === ErrorCode.SASL_AUTHENTICATION_FAILED : isConnectError(error)
}

function silent(name: string, timeoutMs: number): KafkaError {
  return new KafkaError(ErrorCode.REQUEST_TIMED_OUT, `connect to ${name}`, {
    detail: `no answer within socket.connection.setup.timeout.ms=${timeoutMs}`,
  })
}
