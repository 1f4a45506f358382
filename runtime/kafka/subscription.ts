import type { Cluster } from './cluster.ts'
import { throwOn } from './kafka-errors.ts'
import { ErrorCode } from './protocol/index.ts'
import { retrying } from './retry.ts'

/** How soon to look for topics that are subscribed to and do not exist yet. */
const MISSING_TOPICS_MS = 3000

/** Which topics a consumer wants, as names or as a pattern, and whether that means something else than when it last joined. */
export class Subscription {
  readonly #cluster: Cluster
  readonly #wanted: readonly string[] | RegExp
  /** Topics and their partition counts at the last join, as text to compare; undefined before it. */
  #joined: string | undefined
  #now: string | undefined
  #missing = false
  #checkedAt = 0
  #checking = false

  constructor(cluster: Cluster, wanted: readonly string[] | RegExp) {
    this.#cluster = cluster
    this.#wanted = wanted
  }

  /** The topics to subscribe to, from fresh metadata. */
  async topics(signal: AbortSignal): Promise<readonly string[]> {
    const counts = await retrying(this.#cluster.options, signal, () => this.#look(signal))
    this.#joined = this.#now = snapshot(counts)
    return this.#wanted instanceof RegExp ? [...counts.keys()].sort() : this.#wanted
  }

  /** Partitions of these topics, for the leader; what does not exist is left out. */
  async partitionCounts(topics: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return await retrying(this.#cluster.options, signal, () => this.#counts(topics, signal))
  }

  /** Whether topics or partition counts changed since the last join. Looks in the background, every metadata.max.age.ms. */
  changed(): boolean {
    const interval = this.#missing ? MISSING_TOPICS_MS : this.#cluster.options.metadataMaxAgeMs
    if (!this.#checking && Date.now() - this.#checkedAt > interval) void this.#check()
    return this.#joined !== undefined && this.#now !== this.#joined
  }

  async #check(): Promise<void> {
    this.#checking = true
    try {
      this.#now = snapshot(await this.#look(undefined))
    } catch {
      // the next look may succeed; until then what was known stands
      this.#checkedAt = Date.now()
    } finally {
      this.#checking = false
    }
  }

  async #look(signal: AbortSignal | undefined): Promise<ReadonlyMap<string, number>> {
    const counts = await this.#counts(this.#wanted instanceof RegExp ? null : this.#wanted, signal)
    this.#checkedAt = Date.now()
    this.#missing = !(this.#wanted instanceof RegExp) && counts.size < this.#wanted.length
    return counts
  }

  async #counts(
    topics: readonly string[] | null,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, number>> {
    const response = await this.#cluster.refresh(topics, { signal })
    const counts = new Map<string, number>()
    for (const { name, errorCode, isInternal, partitions } of response.topics) {
      if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || name === null) continue
      if (topics === null && (isInternal || !this.#matches(name))) continue
      if (partitions.length === 0) throwOn(errorCode, `subscribe to topic ${name}`)
      counts.set(name, partitions.length)
    }
    return counts
  }

  #matches(name: string): boolean {
    if (!(this.#wanted instanceof RegExp)) return true
    this.#wanted.lastIndex = 0
    return this.#wanted.exec(name)?.[0] === name
  }
}

function snapshot(counts: ReadonlyMap<string, number>): string {
  return JSON.stringify([...counts].sort())
}
