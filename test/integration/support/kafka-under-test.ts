import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedKafka } from '@naru/embedded/kafka'
import type { Logger } from 'naru/api'
import { KafkaClients } from '../../../runtime/kafka/kafka-clients.ts'

export const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT }

/** The Kafka of KAFKA_BOOTSTRAP, or an embedded broker, and clients for it. Topics and groups get names of their own. */
export class KafkaUnderTest implements AsyncDisposable {
  readonly bootstrap: string
  readonly clients: KafkaClients
  readonly #embedded: { broker: EmbeddedKafka; readonly dataDir: string } | undefined

  private constructor(bootstrap: string, embedded: { broker: EmbeddedKafka; readonly dataDir: string } | undefined) {
    this.bootstrap = bootstrap
    this.#embedded = embedded
    this.clients = new KafkaClients({ props: { 'bootstrap.servers': bootstrap }, logger: SILENT })
  }

  static async start(): Promise<KafkaUnderTest> {
    const given = process.env['KAFKA_BOOTSTRAP']
    return given === undefined ? await KafkaUnderTest.embedded() : new KafkaUnderTest(given, undefined)
  }

  static async embedded(): Promise<KafkaUnderTest> {
    const dataDir = await mkdtemp(join(tmpdir(), 'naru-kafka-client-'))
    const broker = await EmbeddedKafka.start({ dataDir })
    return new KafkaUnderTest(broker.bootstrap, { broker, dataDir })
  }

  get broker(): EmbeddedKafka {
    if (this.#embedded === undefined) throw new Error('only an embedded broker can be handled by the test')
    return this.#embedded.broker
  }

  /** Stops the broker and starts it again, on the same port and data, after `meanwhile`. */
  async restartBroker(meanwhile?: () => Promise<void>): Promise<void> {
    const { broker, dataDir } = this.#embedded!
    await broker[Symbol.asyncDispose]()
    await meanwhile?.()
    this.#embedded!.broker = await EmbeddedKafka.start({ dataDir, port: broker.port })
  }

  async topic(partitions = 1): Promise<string> {
    const name = `test-${randomUUID()}`
    await this.clients.admin().createTopic({ name, partitions })
    return name
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clients[Symbol.asyncDispose]()
    if (this.#embedded === undefined) return
    await this.#embedded.broker[Symbol.asyncDispose]()
    await rm(this.#embedded.dataDir, { recursive: true, force: true })
  }
}
