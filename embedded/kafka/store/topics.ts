/** All topics with their logs: the metadata file says what exists, a folder `NAME-PARTITION` holds each log. */
import fs from 'node:fs'
import path from 'node:path'

import type { Logger } from 'naru/api'

import { ErrorCode } from 'naru/protocol'
import { PartitionLog } from '../log/partition-log.ts'
import type { TailCache } from '../log/tail-cache.ts'
import { ProtocolError } from '../protocol-error.ts'
import type { BrokerSettings } from './broker-settings.ts'
import type { MetadataFile } from './metadata-file.ts'
import { topicConfig } from './topic-config.ts'
import type { TopicConfig } from './topic-config.ts'
import { newUuid } from './uuid.ts'

export interface Topic {
  readonly name: string
  /** 22 characters of URL-safe base64, as Kafka prints it. */
  readonly id: string
  readonly partitions: readonly PartitionLog[]
  /** What was set on the topic itself. */
  readonly ownConfig: Readonly<Record<string, string>>
  readonly config: TopicConfig
}

export interface TopicsOptions {
  readonly dataDir: string
  readonly metadata: MetadataFile
  readonly settings: BrokerSettings
  readonly tail: TailCache
  readonly logger: Logger
}

export class Topics {
  readonly #options: TopicsOptions
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()

  private constructor(options: TopicsOptions) {
    this.#options = options
  }

  static open(options: TopicsOptions): Topics {
    const topics = new Topics(options)
    fs.mkdirSync(topics.#logsDir, { recursive: true })
    for (const [name, record] of options.metadata.topics()) {
      topics.#add(topics.#load(name, record.id, record.partitions, record.config))
    }
    topics.#removeStrangers()
    return topics
  }

  all(): readonly Topic[] {
    return [...this.#byName.values()]
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  partition(name: string, partition: number): PartitionLog | undefined {
    return this.#byName.get(name)?.partitions[partition]
  }

  create(name: string, partitions: number, config: Readonly<Record<string, string>> = {}): Topic {
    assertTopicName(name)
    if (this.#byName.has(name)) {
      throw new ProtocolError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
    }
    const topic = this.#load(name, newUuid(), partitions, config)
    try {
      this.#save(topic)
    } catch (error) {
      for (const log of topic.partitions) log.close()
      throw error
    }
    this.#add(topic)
    return topic
  }

  /** `total`: partitions afterwards. */
  grow(topic: Topic, total: number): void {
    const added = []
    for (let partition = topic.partitions.length; partition < total; partition++) {
      added.push(this.#openLog(topic.name, partition, topic.config))
    }
    this.#replace({ ...topic, partitions: [...topic.partitions, ...added] })
  }

  setConfig(topic: Topic, own: Readonly<Record<string, string>>): void {
    const config = this.#effective(own)
    for (const log of topic.partitions) log.config = config
    this.#replace({ ...topic, ownConfig: own, config })
  }

  /** Forgotten first, removed after: a kill in between leaves folders that the next start removes. */
  delete(topic: Topic): void {
    this.#options.metadata.deleteTopic(topic.name)
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.id)
    for (const log of topic.partitions) {
      log.close()
      fs.rmSync(log.dir, { recursive: true, force: true })
    }
  }

  applyRetention(now: number): void {
    const expiration = this.#options.settings.number('producer.id.expiration.ms')
    for (const topic of this.#byName.values()) {
      for (const log of topic.partitions) log.applyRetention(now, expiration)
    }
  }

  /** Compacts one log after the other, as far as they are due. */
  async clean(): Promise<void> {
    const { settings, logger } = this.#options
    const memoryBytes = settings.number('log.cleaner.dedupe.buffer.size')
    for (const topic of this.all()) {
      if (!topic.config['cleanup.policy'].includes('compact')) continue
      for (const log of topic.partitions) {
        // A log that cannot be cleaned (disk full, damaged) must not keep the others from it.
        await log.clean({ memoryBytes }).catch((error: unknown) => logger.warn(`cannot clean ${log.dir}`, { error }))
      }
    }
  }

  close(): void {
    for (const topic of this.#byName.values()) for (const log of topic.partitions) log.close()
  }

  get #logsDir(): string {
    return path.join(this.#options.dataDir, 'logs')
  }

  #load(name: string, id: string, partitions: number, own: Readonly<Record<string, string>>): Topic {
    const config = this.#effective(own)
    const logs = Array.from({ length: partitions }, (_, partition) => this.#openLog(name, partition, config))
    return { name, id, partitions: logs, ownConfig: own, config }
  }

  #openLog(name: string, partition: number, config: TopicConfig): PartitionLog {
    const dir = path.join(this.#logsDir, `${name}-${partition}`)
    return PartitionLog.open({ dir, config, tail: this.#options.tail, logger: this.#options.logger })
  }

  #effective(own: Readonly<Record<string, string>>): TopicConfig {
    return topicConfig(own, (name) => this.#options.settings.topicDefault(name))
  }

  #add(topic: Topic): void {
    this.#byName.set(topic.name, topic)
    this.#byId.set(topic.id, topic)
  }

  #replace(topic: Topic): void {
    this.#save(topic)
    this.#add(topic)
  }

  #save(topic: Topic): void {
    const { id, partitions, ownConfig } = topic
    this.#options.metadata.setTopic(topic.name, { id, partitions: partitions.length, config: ownConfig })
  }

  /** Folders of topics that were being made or deleted when the process was killed. */
  #removeStrangers(): void {
    const known = new Set(this.all().flatMap((topic) => topic.partitions.map((log) => path.basename(log.dir))))
    for (const name of fs.readdirSync(this.#logsDir)) {
      if (!known.has(name)) fs.rmSync(path.join(this.#logsDir, name), { recursive: true, force: true })
    }
  }
}

/** Kafka's rule for names, and its words. */
export function assertTopicName(name: string): void {
  const refuse = (why: string): never => {
    throw new ProtocolError(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic name is invalid: ${why}`)
  }
  if (name === '') refuse('the empty string is not allowed')
  if (name === '.' || name === '..') refuse("'.' or '..' is not allowed")
  if (name.length > 249) refuse(`the length of '${name}' is longer than the max allowed length 249`)
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    refuse(`'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`)
  }
}
