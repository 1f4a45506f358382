import type { Logger } from '../api/index.ts'
import { BrokerConnection } from './broker-connection.ts'
import { connectFailure } from './broker-socket.ts'
import type { ClientOptions } from './client-options.ts'
import { KafkaError } from './kafka-errors.ts'
import { assertInternals, internalCluster, stopIdleSpin } from './kafkajs-internals.ts'
import type { InternalCluster } from './kafkajs-internals.ts'
import { ErrorCode } from './protocol/index.ts'
import type { SaslMechanism } from './security/sasl-mechanism.ts'
import { UnjoinedWrites } from './unjoined-writes.ts'

/** Opens connections to brokers: connecting and framing are kafkajs' (pinned), everything else is ours. */
export class Transport {
  readonly #cluster: InternalCluster
  readonly #unjoined = new UnjoinedWrites()
  readonly #requestTimeoutMs: number
  readonly #setupTimeoutMs: number
  readonly #sasl: SaslMechanism | undefined

  constructor(options: ClientOptions, logger: Logger) {
    this.#requestTimeoutMs = options.requestTimeoutMs
    this.#setupTimeoutMs = options.connectTimeoutMs
    this.#sasl = options.security.sasl
    this.#cluster = internalCluster(options, logger, this.#unjoined)
  }

  /** Connects, asks for the broker's API versions and authenticates. */
  async open(address: { readonly host: string; readonly port: number }): Promise<BrokerConnection> {
    const name = `${address.host}:${address.port}`
    const pool = await this.#cluster.connectionPoolBuilder.build({ host: address.host, port: address.port })
    const internal = pool.pool[0]!
    assertInternals(internal)
    stopIdleSpin(internal)
    try {
      await internal.connect()
    } catch (error) {
      throw connectFailure(error, name)
    }
    const connection = new BrokerConnection(internal, name, this.#unjoined, this.#requestTimeoutMs)
    // a frozen host accepts connections, and is silent then
    const timer = setTimeout(() => connection.close(silent(name, this.#setupTimeoutMs)), this.#setupTimeoutMs)
    try {
      await connection.handshake(this.#sasl)
      return connection
    } catch (error) {
      connection.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}

function silent(name: string, timeoutMs: number): KafkaError {
  return new KafkaError(ErrorCode.REQUEST_TIMED_OUT, `connect to ${name}`, {
    detail: `no answer within socket.connection.setup.timeout.ms=${timeoutMs}`,
  })
}
