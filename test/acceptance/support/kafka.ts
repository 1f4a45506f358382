import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedKafka } from '@naru/embedded/kafka'
import type { Controls } from '@naru/embedded/kafka'
import type { Props } from '../../../runtime/api/index.ts'
import { KafkaClients } from '../../../runtime/kafka/kafka-clients.ts'
import type { FetchedRecord } from '../../../runtime/kafka/records/fetched-record.ts'
import { silentLogger } from '../../../runtime/telemetry/context-logger.ts'

export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string | null>>
}

export type BrokerProps = Readonly<Record<string, string | number | boolean>>

/** One Kafka for a test: an embedded broker that can be stopped and started, or the one of KAFKA_BOOTSTRAP. And clients on it. */
export class TestKafka implements AsyncDisposable {
  readonly clients: KafkaClients
  readonly bootstrap: string
  readonly #props: BrokerProps
  readonly #folder: string | undefined
  #broker: EmbeddedKafka | undefined

  private constructor(bootstrap: string, props: BrokerProps, folder?: string, broker?: EmbeddedKafka) {
    this.bootstrap = bootstrap
    this.#props = props
    this.#folder = folder
    this.#broker = broker
    this.clients = new KafkaClients({ props: { 'bootstrap.servers': bootstrap }, logger: silentLogger })
  }

  /** `embedded`: even if KAFKA_BOOTSTRAP is set, as is any broker with properties of its own. */
  static async start(options: { readonly props?: BrokerProps; readonly embedded?: boolean } = {}): Promise<TestKafka> {
    const { props, embedded = props !== undefined } = options
    const given = process.env['KAFKA_BOOTSTRAP']
    if (given !== undefined && !embedded) return new TestKafka(given, {})
    const folder = await mkdtemp(join(tmpdir(), 'naru-acceptance-'))
    const broker = await EmbeddedKafka.start({ dataDir: folder, defaults: props ?? {}, logger: silentLogger })
    return new TestKafka(broker.bootstrap, props ?? {}, folder, broker)
  }

  /** Faults on demand; of an embedded broker only. */
  get controls(): Controls {
    return this.#broker!.controls
  }

  get isEmbedded(): boolean {
    return this.#folder !== undefined
  }

  async stop(): Promise<void> {
    await this.#broker?.[Symbol.asyncDispose]()
    this.#broker = undefined
  }

  /** On the port and data it had; `props`: broker properties in place of those it had. */
  async start(props: BrokerProps = this.#props): Promise<void> {
    this.#broker = await EmbeddedKafka.start({
      dataDir: this.#folder!,
      port: Number(this.bootstrap.split(':')[1]),
      defaults: props,
      logger: silentLogger,
    })
  }

  async createTopic(name: string, partitions = 1, settings: Props = {}): Promise<void> {
    await this.clients.admin().createTopic({ name, partitions, replicationFactor: 1, configs: settings })
  }

  /** Values, or records whose partition is 0 unless they say. Resolves when they are acknowledged. */
  async produce(
    topic: string,
    records: readonly (
      | string
      | {
          readonly key?: string | null
          readonly value: string | null
          readonly partition?: number
          readonly headers?: Props
        }
    )[],
  ): Promise<void> {
    await using producer = this.clients.producer()
    await producer.sendAndWait(
      records.map((given) => {
        const {
          key,
          value,
          partition = 0,
          headers = {},
        } = typeof given === 'string' ? { value: given, key: null } : given
        return {
          topic,
          partition,
          key: key === null || key === undefined ? null : Buffer.from(key),
          value: value === null ? null : Buffer.from(value),
          headers: Object.entries(headers).map(([name, text]) => ({ key: name, value: Buffer.from(text) })),
        }
      }),
    )
  }

  /** Reads all partitions from the start until `enough`: so many records, or what the function says of all so far. */
  async consume(
    topic: string,
    enough: number | ((records: readonly ConsumedRecord[]) => boolean),
    options: { readonly timeoutMs?: number; readonly props?: Props } = {},
  ): Promise<readonly ConsumedRecord[]> {
    const { timeoutMs = 60_000, props = {} } = options
    const isEnough = typeof enough === 'number' ? (all: readonly unknown[]) => all.length >= enough : enough
    const clients = new KafkaClients({ props: { 'bootstrap.servers': this.bootstrap, ...props }, logger: silentLogger })
    await using _ = clients
    await using fetcher = clients.fetcher()
    const partitions = await this.#partitions(topic, timeoutMs)
    fetcher.assign(partitions.map((partition) => ({ topic, partition, offset: 'earliest' as const })))
    const found: ConsumedRecord[] = []
    const deadline = Date.now() + timeoutMs
    while (!isEnough(found)) {
      if (Date.now() > deadline)
        throw new Error(
          `${topic}: not enough within ${timeoutMs} ms; ${found.length} records, last ${JSON.stringify(found.at(-1))}`,
        )
      for (const record of await fetcher.poll({ timeoutMs: 100 })) found.push(asText(record))
    }
    return found
  }

  /** Everything that is in the topic now. */
  async contents(topic: string, props: Props = {}): Promise<readonly ConsumedRecord[]> {
    const ends = new Map<number, number>()
    for (const partition of await this.#partitions(topic, 10_000))
      ends.set(partition, await this.endOffset(topic, partition))
    const clients = new KafkaClients({ props: { 'bootstrap.servers': this.bootstrap, ...props }, logger: silentLogger })
    await using _ = clients
    await using fetcher = clients.fetcher()
    fetcher.assign([...ends.keys()].map((partition) => ({ topic, partition, offset: 'earliest' as const })))
    const found: ConsumedRecord[] = []
    const reached = (partition: number, end: number): boolean => (fetcher.position(topic, partition) ?? 0) >= end
    while (![...ends].every(([partition, end]) => end === 0 || reached(partition, end)))
      for (const record of await fetcher.poll({ timeoutMs: 100 })) found.push(asText(record))
    return found.filter(({ partition, offset }) => offset < ends.get(partition)!)
  }

  async endOffset(topic: string, partition = 0): Promise<number> {
    const [end] = await this.clients.admin().listOffsets([{ topic, partition }], 'latest')
    return end?.offset ?? 0
  }

  async #partitions(topic: string, timeoutMs: number): Promise<readonly number[]> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const count = await this.partitionCount(topic)
      if (count > 0) return Array.from({ length: count }, (_, index) => index)
      if (Date.now() > deadline) throw new Error(`no topic ${topic} within ${timeoutMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** 0: there is no such topic. */
  async partitionCount(topic: string): Promise<number> {
    return (await this.clients.admin().partitions(topic)) ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clients[Symbol.asyncDispose]()
    await this.stop()
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true })
  }
}

function asText({ topic, partition, offset, key, value, headers }: FetchedRecord): ConsumedRecord {
  return {
    topic,
    partition,
    offset,
    key: key === null ? null : Buffer.from(key).toString(),
    value: value === null ? null : Buffer.from(value).toString(),
    headers: Object.fromEntries(
      headers.map((header) => [header.key, header.value === null ? null : Buffer.from(header.value).toString()]),
    ),
  }
}
