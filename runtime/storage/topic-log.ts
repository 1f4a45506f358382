import { ConfigError, ConnectError } from '../api/errors.ts'
import type { Logger } from '../api/logger.ts'
import type { Props } from '../api/props.ts'
import { abortable, anySignal, sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import type { Admin } from '../kafka/admin.ts'
import type { Fetcher } from '../kafka/fetcher.ts'
import type { KafkaClients } from '../kafka/kafka-clients.ts'
import type { Producer } from '../kafka/producer.ts'
import type { PartitionOffset } from '../kafka/topic-partition.ts'
import type { Log, LogEntry, LogReader } from './log.ts'

export interface TopicLogOptions {
  readonly topic: string
  readonly clients: KafkaClients
  /** Creation when the topic does not exist. -1: the broker's default. */
  readonly partitions: number
  /** The order over all records matters: refuse a topic that has more. */
  readonly singlePartition?: boolean
  readonly replicationFactor: number
  /** Further topic configs at creation; the topic is always compacted. */
  readonly settings?: Props
  /** The worker property that names the topic, for messages. */
  readonly property: string
  /** What the topic holds, for messages: `connector configurations`. */
  readonly purpose: string
  /** Records of open and aborted transactions are not read. Default: what the clients' properties say. */
  readonly readCommitted?: boolean
  readonly logger: Logger
}

/** How long partition metadata of a topic that was just created may take to appear. */
const METADATA_BUDGET_MS = 30_000
const POLL_MS = 5_000

/** A compacted Kafka topic as a log: one fetcher reads it from the beginning and follows it, one producer appends. */
export class TopicLog implements Log {
  readonly #options: TopicLogOptions
  readonly #reader: LogReader
  readonly #admin: Admin
  readonly #fetcher: Fetcher
  readonly #producer: Producer
  readonly #closing = new AbortController()
  #partitions = 0
  #following: Promise<void> | undefined
  /** Resolved and replaced after each batch that was read. */
  #progress = Promise.withResolvers<void>()

  private constructor(options: TopicLogOptions, reader: LogReader) {
    this.#options = options
    this.#reader = reader
    this.#admin = options.clients.admin()
    this.#fetcher = options.clients.fetcher(
      options.readCommitted === true ? { 'isolation.level': 'read_committed' } : {},
    )
    this.#producer = options.clients.producer({ 'linger.ms': '0' })
  }

  static async open(options: TopicLogOptions, reader: LogReader, signal?: AbortSignal): Promise<TopicLog> {
    const log = new TopicLog(options, reader)
    try {
      await log.#start(signal)
      return log
    } catch (error) {
      await log[Symbol.asyncDispose]()
      throw error
    }
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const { topic } = this.#options
    await this.#ensureTopic(signal)
    this.#partitions = await this.#awaitMetadata(signal)
    const partitions = Array.from({ length: this.#partitions }, (_, partition) => partition)
    this.#fetcher.assign(partitions.map((partition) => ({ topic, partition, offset: 'earliest' as const })))
    this.#following = this.#follow(this.#closing.signal)
    // A transaction that a killed worker left open ends when its task starts again, which nobody does before this log is open: it is not waited for.
    await this.#readTo(await this.#ends(signal, this.#options.readCommitted), signal)
  }

  async #ensureTopic(signal: AbortSignal | undefined): Promise<void> {
    const { topic, partitions, replicationFactor, settings, logger } = this.#options
    const configs = { ...settings, 'cleanup.policy': 'compact' }
    const created = await this.#admin.createTopic({ name: topic, partitions, replicationFactor, configs }, signal)
    if (created) logger.info(`created topic ${topic}`)
    else await this.#checkCompacted(signal)
  }

  /** A topic whose old records expire would lose connectors or offsets without a word. */
  async #checkCompacted(signal: AbortSignal | undefined): Promise<void> {
    const { topic, property, purpose, logger } = this.#options
    let policy: string | null | undefined
    try {
      policy = (await this.#admin.describeTopicConfig(topic, signal))['cleanup.policy']
    } catch (error) {
      // Describing may be forbidden; the topic may still be right.
      logger.info(`cannot check that topic ${topic} is compacted`, { error })
      return
    }
    if (policy === undefined || policy === 'compact') return
    throw new ConfigError(
      property,
      `Topic '${topic}' supplied via the '${property}' property is required to have 'cleanup.policy=compact' to guarantee ` +
        `consistency and durability of ${purpose}, but found the topic currently has 'cleanup.policy=${policy}'. ` +
        `Continuing would likely result in eventually losing ${purpose} and problems restarting this Connect cluster in the ` +
        `future. Change the '${property}' property in the Connect worker configurations to use a topic with 'cleanup.policy=compact'.`,
    )
  }

  async #awaitMetadata(signal: AbortSignal | undefined): Promise<number> {
    const { topic, property, singlePartition = false } = this.#options
    const deadline = anySignal(signal, AbortSignal.timeout(METADATA_BUDGET_MS))
    for (
      let found = await this.#admin.partitions(topic, signal);
      ;
      found = await this.#admin.partitions(topic, signal)
    ) {
      if (found !== undefined && found > 0) {
        if (!singlePartition || found === 1) return found
        throw new ConfigError(
          property,
          `Topic '${topic}' supplied via the '${property}' property is required to have a single partition in order to ` +
            `guarantee consistency of ${this.#options.purpose}, but found ${found} partitions.`,
        )
      }
      if (!(await sleep(100, deadline)))
        throw new ConnectError(
          `Could not look up partition metadata for topic '${topic}' in the allotted period. ` +
            'This could indicate a connectivity issue, unavailable topic partitions, or if this is your first use of the topic it may have taken too long to create.',
        )
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ initialMs: 100, maxMs: 5_000 })
    while (!signal.aborted) {
      try {
        const records = await this.#fetcher.poll({ signal, timeoutMs: POLL_MS })
        if (records.length > 0) this.#reader(records)
        backoff.reset()
      } catch (error) {
        if (signal.aborted) return
        this.#options.logger.warn(`reading topic ${this.#options.topic} failed; trying again`, { error })
        await sleep(backoff.next(), signal)
      }
      const { resolve } = this.#progress
      this.#progress = Promise.withResolvers()
      resolve()
    }
  }

  async append(entries: readonly LogEntry[], signal?: AbortSignal): Promise<void> {
    const { topic } = this.#options
    await this.#producer.sendAndWait(
      entries.map(({ key, value }) => ({ topic, key, value })),
      this.#until(signal),
    )
  }

  async readToEnd(signal?: AbortSignal): Promise<void> {
    await this.#readTo(await this.#ends(signal), signal)
  }

  /** `stable`: before the first transaction that is open. */
  async #ends(signal: AbortSignal | undefined, stable = false): Promise<readonly PartitionOffset[]> {
    const { topic } = this.#options
    const partitions = Array.from({ length: this.#partitions }, (_, partition) => ({ topic, partition }))
    return await this.#admin.listOffsets(partitions, 'latest', this.#until(signal), stable)
  }

  async #readTo(ends: readonly PartitionOffset[], signal: AbortSignal | undefined): Promise<void> {
    const until = this.#until(signal)
    const isRead = ({ topic, partition, offset }: PartitionOffset): boolean =>
      offset === 0 || (this.#fetcher.position(topic, partition) ?? 0) >= offset
    while (!ends.every(isRead)) await abortable(this.#progress.promise, until)
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return anySignal(signal, this.#closing.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ConnectError(`the log of topic ${this.#options.topic} is closed`))
    await this.#following
    await Promise.all([this.#fetcher[Symbol.asyncDispose](), this.#producer[Symbol.asyncDispose]()])
  }
}
