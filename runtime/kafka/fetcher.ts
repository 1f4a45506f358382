import type { Logger } from '../api/index.ts'
import { Deferred } from '../async/deferred.ts'
import { awaitBriefly } from './await-briefly.ts'
import { byTopic } from './by-topic.ts'
import type { FetcherOptions } from './client-options.ts'
import type { Cluster } from './cluster.ts'
import { FetchState } from './fetch-state.ts'
import { FetchTurns } from './fetch-turns.ts'
import { KafkaError, isKafkaError, needsMetadata } from './kafka-errors.ts'
import { LeaderRefresh } from './leader-refresh.ts'
import { listOffsets } from './list-offsets.ts'
import { ErrorCode, Fetch, isRetriable } from './protocol/index.ts'
import type { RequestInputOf, ResponseOf } from './protocol/index.ts'
import type { FetchedRecord } from './records/fetched-record.ts'
import type { TopicPartition } from './topic-partition.ts'
import { partitionName } from './topic-partition.ts'

export type { FetchedRecord } from './records/fetched-record.ts'
export type { TopicPartition } from './topic-partition.ts'

/** From version 13 on Fetch names topics by id. */
const FETCH_BY_NAME = 12
/** Pieces of one partition that may wait: one being handed out, one fetched ahead. */
const CHUNKS_AHEAD = 2

type PartitionAnswer = ResponseOf<typeof Fetch>['responses'][number]['partitions'][number]

export interface FetchStart extends TopicPartition {
  readonly offset: number | 'earliest' | 'latest'
}

export interface PollOptions {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs: number
  readonly maxRecords?: number | undefined
}

/**
 * Reads assigned partitions. One Fetch is outstanding per broker; what it brings waits, bounded by fetch.max.bytes, until poll takes it.
 *
 * assign / seek ─► position ─► Fetch per leader ─► FetchState (bytes) ─► poll (records)
 *                     ▲ looked up when 'earliest', 'latest', or out of range
 */
export class Fetcher implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: FetcherOptions
  readonly #logger: Logger
  readonly #partitions = new Map<string, FetchState>()
  /** Leaders with a fetch in flight. */
  readonly #fetching = new Set<number>()
  readonly #resolving = new Set<FetchState>()
  readonly #closing = new AbortController()
  readonly #turns = new FetchTurns()
  #failure: Error | undefined
  #wake: Deferred | undefined
  #woken = false
  readonly #leaders: LeaderRefresh
  #timer: NodeJS.Timeout | undefined

  constructor(cluster: Cluster, options: FetcherOptions, logger: Logger) {
    this.#cluster = cluster
    this.#options = options
    this.#logger = logger
    this.#leaders = new LeaderRefresh({
      cluster,
      pause: { initialMs: options.retryBackoffMs, maxMs: options.retryBackoffMaxMs },
      logger,
      onDone: () => this.#pump(),
    })
  }

  /** Replaces what is assigned. */
  assign(partitions: readonly FetchStart[]): void {
    for (const state of this.#partitions.values()) state.clear()
    this.#partitions.clear()
    this.reassign([], partitions)
  }

  /** Changes what is assigned and leaves the rest as it is, with what is fetched of it and its pauses. */
  reassign(removed: readonly TopicPartition[], added: readonly FetchStart[]): void {
    for (const { topic, partition } of removed) {
      this.#partitions.get(partitionName(topic, partition))?.clear()
      this.#partitions.delete(partitionName(topic, partition))
    }
    for (const { topic, partition, offset } of added) {
      const state = new FetchState(topic, partition)
      state.seek(offset)
      this.#partitions.set(partitionName(topic, partition), state)
    }
    this.#pump()
  }

  /**
   * What has been fetched, or what comes within `timeoutMs`; empty when nothing did, on wakeup and abort. Throws what makes reading on
   * impossible: damaged batches, offsets out of range with auto.offset.reset=none, missing rights.
   */
  async poll(options: PollOptions): Promise<readonly FetchedRecord[]> {
    const { signal, timeoutMs, maxRecords = this.#options.maxPollRecords } = options
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const failure = this.#failure
      this.#failure = undefined
      if (failure !== undefined) throw failure
      const records = this.#turns.take(this.#partitions.values(), maxRecords, this.#options.checkCrc)
      this.#pump()
      const left = deadline - Date.now()
      if (
        records !== undefined ||
        left <= 0 ||
        this.#woken ||
        signal?.aborted === true ||
        this.#closing.signal.aborted
      ) {
        this.#woken = false
        return records ?? []
      }
      await this.#waitForNews(left, signal)
    }
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#partitions.get(partitionName(topic, partition))?.seek(offset)
    this.#pump()
  }

  /** Paused partitions keep their position and give no records. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const state = this.#partitions.get(partitionName(topic, partition))
      if (state !== undefined) state.paused = true
    }
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const state = this.#partitions.get(partitionName(topic, partition))
      if (state !== undefined) state.paused = false
    }
    this.#pump()
    this.#notify()
  }

  /** Offset of the next record that poll will hand out; undefined when not assigned or not looked up yet. */
  position(topic: string, partition: number): number | undefined {
    return this.#partitions.get(partitionName(topic, partition))?.position
  }

  /** All there is was handed out: see FetchState.atEnd. */
  atEnd({ topic, partition }: TopicPartition): boolean {
    return this.#partitions.get(partitionName(topic, partition))?.atEnd === true
  }

  assignment(): readonly TopicPartition[] {
    return [...this.#partitions.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  /** End of the log less the position, from the last fetch; 0 before the first. */
  lag(): readonly { readonly topic: string; readonly partition: number; readonly lag: number }[] {
    return [...this.#partitions.values()].map(({ topic, partition, endOffset, position }) => ({
      topic,
      partition,
      lag: Math.max(0, (endOffset ?? 0) - (position ?? endOffset ?? 0)),
    }))
  }

  /** Makes the poll that waits, or else the next one, answer at once. */
  wakeup(): void {
    this.#woken = true
    this.#notify()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    this.#partitions.clear()
    this.#notify()
    await this.#cluster[Symbol.asyncDispose]()
  }

  /** Sends a Fetch to each leader that has none in flight and something to be asked for. */
  #pump(): void {
    if (this.#closing.signal.aborted) return
    const now = Date.now()
    const leaders = new Map<number, FetchState[]>()
    let buffered = 0
    for (const state of this.#partitions.values()) buffered += state.bufferedBytes
    let leaderless = false
    let soonest = Infinity
    for (const state of this.#partitions.values()) {
      if (state.position === undefined) {
        if (state.reset !== undefined && !this.#resolving.has(state)) void this.#resolve(state)
        continue
      }
      if (state.paused || state.chunks >= CHUNKS_AHEAD) continue
      if (state.chunks > 0 && buffered >= this.#options.fetchMaxBytes) continue
      if (state.notBefore > now) {
        soonest = Math.min(soonest, state.notBefore)
        continue
      }
      const leader = this.#cluster.leader(state.topic, state.partition)
      const reachableAt = leader === undefined ? 0 : this.#cluster.reachableAt(leader)
      if (leader === undefined) leaderless = true
      else if (reachableAt > now) {
        // another may lead before it can be reached again
        leaderless = true
        soonest = Math.min(soonest, reachableAt)
      } else if (!this.#fetching.has(leader)) leaders.set(leader, [...(leaders.get(leader) ?? []), state])
    }
    if (leaderless) this.#refresh()
    if (soonest < Infinity) this.#pumpAfter(soonest - now)
    for (const [leader, states] of leaders) void this.#fetch(leader, states)
  }

  async #fetch(leader: number, states: readonly FetchState[]): Promise<void> {
    this.#fetching.add(leader)
    const { fetchMaxWaitMs, requestTimeoutMs } = this.#options
    const asked = new Map(
      states.map((state) => [partitionName(state.topic, state.partition), { state, epoch: state.epoch }]),
    )
    try {
      const response = await this.#cluster.send(leader, Fetch, fetchRequest(states, this.#options), {
        channel: 'fetch',
        limit: FETCH_BY_NAME,
        timeoutMs: requestTimeoutMs + fetchMaxWaitMs,
      })
      if (response.errorCode !== ErrorCode.NONE) throw new KafkaError(response.errorCode, `fetch from broker ${leader}`)
      for (const { topic, partitions } of response.responses) {
        for (const answer of partitions) {
          const question = asked.get(partitionName(topic, answer.partitionIndex))
          if (question !== undefined && question.state.epoch === question.epoch) this.#accept(question.state, answer)
        }
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#failed(states, error)
    } finally {
      this.#fetching.delete(leader)
      this.#pump()
    }
  }

  #accept(state: FetchState, answer: PartitionAnswer): void {
    const doing = `fetch from ${partitionName(state.topic, state.partition)}`
    if (answer.errorCode === ErrorCode.NONE) {
      const endOffset = this.#options.isolation === 'read_committed' ? answer.lastStableOffset : answer.highWatermark
      state.endOffset = endOffset
      if (answer.records === null || answer.records.length === 0) return state.foundNothing(endOffset)
      if (!state.buffer(answer.records, answer.abortedTransactions ?? [])) {
        this.#fail(
          new KafkaError(ErrorCode.RECORD_LIST_TOO_LARGE, doing, {
            detail: `the batch at offset ${state.fetchOffset} is larger than max.partition.fetch.bytes=${this.#options.partitionMaxBytes} and the broker does not send it whole`,
          }),
        )
      }
      this.#notify()
    } else if (answer.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      this.#outOfRange(state, doing)
    } else {
      this.#failed([state], new KafkaError(answer.errorCode, doing))
    }
  }

  #outOfRange(state: FetchState, doing: string): void {
    const policy = this.#options.offsetReset
    // what is buffered lies before the offset that was refused and is good
    if (state.chunks > 0) {
      this.#backOff(state)
    } else if (policy === 'none') {
      this.#fail(
        new KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE, doing, {
          detail: `offset ${state.fetchOffset} is not in the log and auto.offset.reset is none`,
        }),
      )
      this.#backOff(state)
    } else {
      this.#logger.warn(
        `offset ${state.fetchOffset} of ${partitionName(state.topic, state.partition)} is out of range: going to the ${policy} (auto.offset.reset)`,
      )
      state.seek(policy)
    }
  }

  #failed(states: readonly FetchState[], error: unknown): void {
    for (const state of states) this.#backOff(state)
    if (!isKafkaError(error) || !isRetriable(error.kafkaCode)) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      return
    }
    this.#logger.debug(error.message)
    if (needsMetadata(error.kafkaCode)) this.#refresh()
  }

  #backOff(state: FetchState): void {
    state.notBefore = Date.now() + this.#options.retryBackoffMs
  }

  #fail(error: Error): void {
    this.#failure = error
    this.#notify()
  }

  /** Looks up where 'earliest' or 'latest' is. */
  async #resolve(state: FetchState): Promise<void> {
    const { topic, partition, epoch, reset } = state
    this.#resolving.add(state)
    try {
      const readCommitted = this.#options.isolation === 'read_committed'
      const at = reset ?? 'latest'
      const [found] = await listOffsets(this.#cluster, [{ topic, partition, at }], {
        readCommitted,
        signal: this.#closing.signal,
      })
      if (state.epoch === epoch) state.seek(found!.offset)
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#failed([state], error)
    } finally {
      this.#resolving.delete(state)
      this.#pump()
    }
  }

  #refresh(): void {
    this.#leaders.ask([...new Set([...this.#partitions.values()].map(({ topic }) => topic))])
  }

  #pumpAfter(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, ms))
  }

  #notify(): void {
    this.#wake?.resolve()
    this.#wake = undefined
  }

  async #waitForNews(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const wake = (this.#wake ??= new Deferred())
    await awaitBriefly(wake.promise, ms, signal)
    if (this.#wake === wake) this.#wake = undefined
  }
}

function fetchRequest(states: readonly FetchState[], options: FetcherOptions): RequestInputOf<typeof Fetch> {
  const { fetchMaxWaitMs, fetchMinBytes, fetchMaxBytes, partitionMaxBytes, isolation, rack } = options
  return {
    replicaId: -1,
    maxWaitMs: fetchMaxWaitMs,
    minBytes: fetchMinBytes,
    maxBytes: fetchMaxBytes,
    isolationLevel: isolation === 'read_committed' ? 1 : 0,
    topics: byTopic(states).map(([topic, list]) => ({
      topic,
      partitions: list.map(({ partition, fetchOffset }) => ({ partition, fetchOffset, partitionMaxBytes })),
    })),
    rackId: rack,
  }
}
