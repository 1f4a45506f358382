import type { Logger } from '../api/logger.ts'
import type { Props } from '../api/props.ts'
import type { SourceOffset, SourcePartition } from '../api/record.ts'
import { sourceProducerProps, transactionalProducerProps } from '../config/client-overrides.ts'
import { offsetPlace } from '../config/offset-place.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import type { ProducerRecord } from '../kafka/producer-record.ts'
import { LeaderLog } from '../storage/leader-log.ts'
import type { OffsetBackingStore, PartitionAndOffset } from '../storage/offset-backing-store.ts'
import { offsetKey, offsetValue } from '../storage/offset-records.ts'
import { openSeparateOffsets } from '../storage/separate-offsets.ts'

export interface SourceOffsetChange {
  readonly partition: SourcePartition
  /** null: to be removed. */
  readonly offset: SourceOffset | null
}

export interface SourceOffsetStoreOptions {
  readonly config: WorkerConfig
  readonly connector: string
  /** The connector's, with secrets resolved. */
  readonly props: Props
  /** The worker's. */
  readonly offsets: OffsetBackingStore
  readonly logger: Logger
}

/** The source offsets of one connector wherever they are: in the worker's topic, or in its own and a copy in the worker's. */
export class SourceOffsetStore implements AsyncDisposable {
  readonly #options: SourceOffsetStoreOptions
  readonly #own: OffsetBackingStore | undefined

  private constructor(options: SourceOffsetStoreOptions, own: OffsetBackingStore | undefined) {
    this.#options = options
    this.#own = own
  }

  static async open(options: SourceOffsetStoreOptions, signal?: AbortSignal): Promise<SourceOffsetStore> {
    const { config, connector, props, logger } = options
    if (config.mode === 'standalone' || !offsetPlace(config, props).separate)
      return new SourceOffsetStore(options, undefined)
    const own = await openSeparateOffsets({ worker: config, connectorProps: props, id: connector, logger }, signal)
    return new SourceOffsetStore(options, own)
  }

  /** The connector's own topic counts; what it does not know may be in the worker's, from before it had a topic of its own. */
  async list(signal?: AbortSignal): Promise<readonly PartitionAndOffset[]> {
    const { connector, offsets } = this.#options
    const ofWorker = await offsets.list(connector, signal)
    if (this.#own === undefined) return ofWorker
    const own = await this.#own.list(connector, signal)
    const key = ({ partition }: PartitionAndOffset): string => offsetKey(connector, partition).toString('latin1')
    const known = new Set(own.map(key))
    return [...own, ...ofWorker.filter((each) => !known.has(key(each)))]
  }

  /**
   * Resolves when durable and read back. With exactly-once support in one transaction of the connector's first task, after ZombieFencing.fence: a task
   * that still runs somewhere can then not overwrite it.
   */
  async write(changes: readonly SourceOffsetChange[], signal?: AbortSignal): Promise<void> {
    const { config, connector, offsets, logger } = this.#options
    const exactlyOnce = config.exactlyOnce === 'enabled'
    if (this.#own === undefined && !exactlyOnce) {
      await offsets.write(connector, changes, signal)
      return
    }
    if (this.#own === undefined) {
      await this.#writeDirectly(changes, signal)
      await offsets.readToEnd(signal)
      return
    }
    // Removals go to the worker's topic first and must succeed: else an offset would come back from there.
    const removed = changes.filter(({ offset }) => offset === null)
    if (removed.length > 0) await offsets.write(connector, removed, signal)
    await this.#writeDirectly(changes, signal)
    await this.#own.readToEnd(signal)
    const kept = changes.filter(({ offset }) => offset !== null)
    if (kept.length === 0) return
    try {
      await offsets.write(connector, kept, signal)
    } catch (error) {
      logger.warn(`the worker's offset topic lacks the copy of ${kept.length} offsets of ${connector}`, { error })
    }
  }

  /** To the topic on the cluster that the connector's producers write to. */
  async #writeDirectly(changes: readonly SourceOffsetChange[], signal: AbortSignal | undefined): Promise<void> {
    const { config, connector, props, logger } = this.#options
    const { topic } = offsetPlace(config, props)
    const entries = changes.map(({ partition, offset }) => ({
      key: offsetKey(connector, partition),
      value: offset && offsetValue(offset),
    }))
    const id = `${connector}-0`
    if (config.exactlyOnce === 'enabled') {
      const { props: producerProps } = transactionalProducerProps(config, props, id)
      await using clients = new KafkaClients({ props: producerProps, logger })
      await using log = new LeaderLog({ topic, open: () => clients.transactionalProducer(producerProps) })
      await log.append(entries, signal)
      return
    }
    const producerProps = { ...sourceProducerProps(config, props, id), acks: 'all' }
    await using clients = new KafkaClients({ props: producerProps, logger })
    await using producer = clients.producer(producerProps)
    await producer.sendAndWait(
      entries.map((entry): ProducerRecord => ({ topic, ...entry })),
      signal,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own?.[Symbol.asyncDispose]()
  }
}
