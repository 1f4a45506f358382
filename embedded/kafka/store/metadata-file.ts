/** What the broker must know before it opens a log: one JSON file, replaced as a whole. */

import fs from 'node:fs'
import path from 'node:path'

import { writeFileAtomically } from './durable-file.ts'
import { newUuid } from './uuid.ts'

export interface TopicRecord {
  /** 22 characters of URL-safe base64, as Kafka prints it. */
  readonly id: string
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}

interface Content {
  readonly version: 1
  readonly clusterId: string
  /** First producer id of the next block; a block is reserved at a time, so ids never come twice. */
  readonly nextProducerId: number
  readonly topics: Readonly<Record<string, TopicRecord>>
}

const PRODUCER_ID_BLOCK = 1000

export class MetadataFile {
  readonly clusterId: string
  readonly #file: string
  readonly #topics: Map<string, TopicRecord>
  #nextProducerId: number
  #reservedProducerIds: number

  private constructor(file: string, content: Content) {
    this.#file = file
    this.clusterId = content.clusterId
    this.#topics = new Map(Object.entries(content.topics))
    this.#nextProducerId = this.#reservedProducerIds = content.nextProducerId
  }

  static open(dataDir: string): MetadataFile {
    const file = path.join(dataDir, 'metadata.json')
    if (fs.existsSync(file)) return new MetadataFile(file, JSON.parse(fs.readFileSync(file, 'utf8')) as Content)
    const metadata = new MetadataFile(file, { version: 1, clusterId: newUuid(), nextProducerId: 0, topics: {} })
    metadata.#save()
    return metadata
  }

  topics(): readonly (readonly [name: string, topic: TopicRecord])[] {
    return [...this.#topics]
  }

  /** Throws, and changes nothing, when it cannot be written; so does all that follows. */
  setTopic(name: string, topic: TopicRecord): void {
    this.#change(name, topic)
  }

  deleteTopic(name: string): void {
    this.#change(name, undefined)
  }

  /** Never the same twice, also after a kill. */
  newProducerId(): number {
    if (this.#nextProducerId === this.#reservedProducerIds) {
      this.#save(this.#reservedProducerIds + PRODUCER_ID_BLOCK)
      this.#reservedProducerIds += PRODUCER_ID_BLOCK
    }
    return this.#nextProducerId++
  }

  #change(name: string, topic: TopicRecord | undefined): void {
    const before = this.#topics.get(name)
    this.#put(name, topic)
    try {
      this.#save()
    } catch (error) {
      this.#put(name, before)
      throw error
    }
  }

  #put(name: string, topic: TopicRecord | undefined): void {
    if (topic === undefined) this.#topics.delete(name)
    else this.#topics.set(name, topic)
  }

  #save(reservedProducerIds = this.#reservedProducerIds): void {
    const content: Content = {
      version: 1,
      clusterId: this.clusterId,
      nextProducerId: reservedProducerIds,
      topics: Object.fromEntries(this.#topics),
    }
    writeFileAtomically(this.#file, JSON.stringify(content, null, 1), { sync: true })
  }
}
