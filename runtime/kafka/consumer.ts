import type { Logger } from '../api/index.ts'
import { Deferred } from '../async/deferred.ts'
import type { ConsumerOptions } from './client-options.ts'
import type { Cluster } from './cluster.ts'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts'
import type { Fetcher } from './fetcher.ts'
import { commitGroupOffsets, fetchGroupOffsets } from './group-offsets.ts'
import type { Membership } from './group-offsets.ts'
import type { GroupMember, Joined, JoinedMember } from './group-member.ts'
import { KafkaError } from './kafka-errors.ts'
import { ErrorCode } from './protocol/index.ts'
import { assignRanges, RANGE } from './range-assignor.ts'
import { removeMembersOfClient } from './remove-members.ts'
import type { FetchedRecord } from './records/fetched-record.ts'
import { Subscription } from './subscription.ts'
import type { PartitionOffset, TopicPartition } from './topic-partition.ts'
import { partitionName } from './topic-partition.ts'

/** Called inside poll and awaited there: no records come while it runs. */
export interface RebalanceListener {
  /** The whole new assignment; positions are set already and seek() works. */
  assigned(partitions: readonly TopicPartition[]): Promise<void>
  /** Still owned: the last chance to commit. */
  revoked(partitions: readonly TopicPartition[]): Promise<void>
  /** Owned by others already: nothing can be committed. */
  lost(partitions: readonly TopicPartition[]): Promise<void>
}

type Joining =
  | { readonly state: 'none' }
  | { readonly state: 'going'; readonly done: Promise<void>; readonly abort: AbortController }
  | { readonly state: 'joined'; readonly joined: Joined }
  | { readonly state: 'failed'; readonly error: unknown }

/**
 * A consumer of a group (classic protocol, eager rebalance, range assignor). Joining and heartbeats go on in the background; what changes
 * the assignment happens inside poll only.
 *
 *   none ─poll─► going ─► joined ─poll: assigned()─► reading ─rebalance: revoked() / lost: lost()─► none
 */
export class Consumer implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: ConsumerOptions
  readonly #logger: Logger
  readonly #fetcher: Fetcher
  readonly #member: GroupMember
  readonly #closing = new AbortController()
  #subscription: Subscription | undefined
  #listener: RebalanceListener | undefined
  #joining: Joining = { state: 'none' }
  #assignment: readonly TopicPartition[] | undefined
  #pollTimer: NodeJS.Timeout | undefined
  #expired = false
  #woken = false
  #wakeJoin: Deferred | undefined

  /** `cluster` serves offsets and metadata; fetcher and member have connections of their own. All are closed with the consumer. */
  constructor(options: {
    readonly cluster: Cluster
    readonly options: ConsumerOptions
    readonly logger: Logger
    readonly fetcher: Fetcher
    readonly member: GroupMember
  }) {
    this.#cluster = options.cluster
    this.#options = options.options
    this.#logger = options.logger
    this.#fetcher = options.fetcher
    this.#member = options.member
  }

  /** A pattern is matched against whole topic names, also of topics that come later; internal topics are left out. */
  subscribe(topics: readonly string[] | RegExp, listener: RebalanceListener): void {
    this.#subscription = new Subscription(this.#cluster, topics)
    this.#listener = listener
  }

  /** Joins if need be and answers what there is, at most max.poll.records; empty after `timeoutMs`, on wakeup and abort. */
  async poll(options: {
    readonly signal?: AbortSignal
    readonly timeoutMs: number
  }): Promise<readonly FetchedRecord[]> {
    const { signal } = options
    const deadline = Date.now() + options.timeoutMs
    this.#keepAlive()
    await this.#leaveAssignment()
    if (this.#assignment === undefined && !(await this.#takeAssignment(deadline, signal))) return []
    if (this.#woken) {
      this.#woken = false
      return []
    }
    if (this.#subscription!.changed()) await this.#rejoin()
    return await this.#fetcher.poll({
      signal,
      timeoutMs: Math.max(0, deadline - Date.now()),
      maxRecords: this.#options.maxPollRecords,
    })
  }

  /**
   * Removes members of the group that have this consumer's client id: former incarnations of it, which died or are frozen, so that the group
   * need not wait for their sessions to time out. Only where client ids are unique. A static member replaces its predecessor anyway (KIP-345).
   */
  async takeOver(signal?: AbortSignal): Promise<void> {
    const { groupId, clientId, groupInstanceId } = this.#options
    if (groupInstanceId !== '') return
    const reason = 'the consumer was started anew'
    try {
      const removed = await removeMembersOfClient(this.#cluster, { groupId, clientId, reason }, signal)
      if (removed > 0) this.#logger.info(`group ${groupId}: removed ${removed} former member(s) of ${clientId}`)
    } catch (error) {
      if (signal?.aborted !== true)
        this.#logger.warn(`group ${groupId}: former members of ${clientId} stay until their sessions are over`, {
          error,
        })
    }
  }

  /** Throws REBALANCE_IN_PROGRESS, UNKNOWN_MEMBER_ID or ILLEGAL_GENERATION when the partitions are (about to be) owned by others. */
  async commit(offsets: readonly PartitionOffset[], signal?: AbortSignal): Promise<void> {
    const { groupId } = this.#options
    const membership = this.membership()
    if (membership === undefined)
      throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, `commit offsets for group ${groupId}`)
    await commitGroupOffsets(this.#cluster, groupId, offsets, membership, signal)
  }

  /** As whom it reads now: what a transaction that commits its offsets must name (KIP-447). Undefined: not a member. */
  membership(): (Membership & { readonly groupId: string }) | undefined {
    const { groupId, groupInstanceId } = this.#options
    const { generation, memberId } = this.#member
    if (memberId === undefined) return undefined
    return { groupId, generation, memberId, groupInstanceId: groupInstanceId === '' ? undefined : groupInstanceId }
  }

  async committed(
    partitions: readonly TopicPartition[],
    signal?: AbortSignal,
  ): Promise<readonly { readonly topic: string; readonly partition: number; readonly offset: number | undefined }[]> {
    const offsets = await this.#committedOffsets(partitions, signal)
    return partitions.map(({ topic, partition }) => ({
      topic,
      partition,
      offset: offsets.get(partitionName(topic, partition)),
    }))
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#fetcher.seek(topic, partition, offset)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.resume(partitions)
  }

  position(topic: string, partition: number): number | undefined {
    return this.#fetcher.position(topic, partition)
  }

  assignment(): readonly TopicPartition[] {
    return this.#assignment ?? []
  }

  /** Makes the poll that waits, or else the next one, answer at once. */
  wakeup(): void {
    this.#woken = true
    this.#fetcher.wakeup()
    this.#wakeJoin?.resolve()
  }

  /** End of the log less the position, per assigned partition, from the last fetch. */
  lag(): readonly { readonly topic: string; readonly partition: number; readonly lag: number }[] {
    return this.#fetcher.lag()
  }

  /** Leaves the group; the listener is not called: who closes knows. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#pollTimer)
    if (this.#joining.state === 'going') {
      this.#joining.abort.abort()
      await this.#joining.done
    }
    await this.#fetcher[Symbol.asyncDispose]()
    await this.#member[Symbol.asyncDispose]()
    await this.#cluster[Symbol.asyncDispose]()
  }

  /** Gives back what is assigned when the group says so, or when polls came too rarely. */
  async #leaveAssignment(): Promise<void> {
    const event = this.#expired ? 'lost' : this.#member.event
    if (this.#joining.state !== 'joined' || event === undefined) return
    const partitions = this.#assignment ?? []
    if (event === 'rebalance' && this.#assignment !== undefined) await this.#listener!.revoked(partitions)
    this.#expired = false
    this.#unassign()
    if (event === 'lost' && partitions.length > 0) await this.#listener!.lost(partitions)
  }

  /** The topics changed: gives everything back and joins anew. */
  async #rejoin(): Promise<void> {
    this.#logger.info(
      `topics or partitions of the subscription of group ${this.#options.groupId} changed: joining again`,
    )
    const partitions = this.#assignment ?? []
    await this.#listener!.revoked(partitions)
    this.#unassign()
  }

  #unassign(): void {
    this.#assignment = undefined
    this.#fetcher.assign([])
    this.#joining = { state: 'none' }
  }

  /** True when there is an assignment before the deadline. */
  async #takeAssignment(deadline: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#subscription === undefined) throw new Error('subscribe before the first poll')
    if (this.#joining.state === 'none') this.#startJoin()
    if (this.#joining.state === 'going') await this.#joinOrWake(this.#joining.done, deadline, signal)
    const joining = this.#joining
    if (joining.state === 'failed') {
      this.#joining = { state: 'none' }
      throw joining.error
    }
    if (joining.state !== 'joined') return false
    const partitions = decodeAssignment(joining.joined.assignment)
    const offsets = await this.#committedOffsets(partitions, signal)
    this.#fetcher.assign(
      partitions.map(({ topic, partition }) => ({
        topic,
        partition,
        offset: offsets.get(partitionName(topic, partition)) ?? this.#startOf(topic, partition),
      })),
    )
    this.#assignment = partitions
    this.#logger.info(
      `group ${this.#options.groupId}, generation ${joining.joined.generation}: assigned ${partitions.map(({ topic, partition }) => partitionName(topic, partition)).join(', ') || 'nothing'}`,
    )
    await this.#listener!.assigned(partitions)
    return true
  }

  #startOf(topic: string, partition: number): 'earliest' | 'latest' {
    const policy = this.#options.offsetReset
    if (policy !== 'none') return policy
    throw new KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE, `start reading ${partitionName(topic, partition)}`, {
      detail: `group ${this.#options.groupId} has no committed offset and auto.offset.reset is none`,
    })
  }

  #startJoin(): void {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, this.#closing.signal])
    const done = this.#join(signal).then(
      (joined) => {
        this.#joining = { state: 'joined', joined }
        this.#watchMember(signal)
      },
      (error: unknown) => {
        this.#joining = { state: 'failed', error }
      },
    )
    this.#joining = { state: 'going', done, abort }
  }

  async #join(signal: AbortSignal): Promise<Joined> {
    const subscription = this.#subscription!
    const topics = await subscription.topics(signal)
    const metadata = encodeSubscription(topics)
    return await this.#member.join([{ name: RANGE, metadata }], (members) => this.#assign(members, signal), signal)
  }

  async #assign(members: readonly JoinedMember[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    const subscribers = members.map(({ memberId, metadata }) => ({ memberId, topics: decodeSubscription(metadata) }))
    const all = [...new Set(subscribers.flatMap(({ topics }) => topics))]
    const partitions = await this.#subscription!.partitionCounts(all, signal)
    const assignment = assignRanges(subscribers, partitions)
    return new Map([...assignment].map(([memberId, list]) => [memberId, encodeAssignment(list)]))
  }

  /** The group's news end a waiting poll. */
  #watchMember(signal: AbortSignal): void {
    this.#member.nextEvent(signal).then(
      () => this.#fetcher.wakeup(),
      () => undefined,
    )
  }

  async #joinOrWake(done: Promise<void>, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const wake = new Deferred()
    this.#wakeJoin = wake
    const stop = (): void => wake.resolve()
    const timer = setTimeout(stop, Math.max(0, deadline - Date.now()))
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted === true || this.#woken) stop()
    await Promise.race([done, wake.promise])
    this.#wakeJoin = undefined
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }

  async #committedOffsets(
    partitions: readonly TopicPartition[],
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, number>> {
    if (partitions.length === 0) return new Map()
    const found = await fetchGroupOffsets(this.#cluster, this.#options.groupId, partitions, signal)
    return new Map(found.map(({ topic, partition, offset }) => [partitionName(topic, partition), offset]))
  }

  /** A consumer that does not poll for max.poll.interval.ms gives its partitions to others (KIP-62). */
  #keepAlive(): void {
    if (this.#pollTimer !== undefined) {
      this.#pollTimer.refresh()
      return
    }
    this.#pollTimer = setTimeout(() => {
      if (this.#assignment === undefined) return
      this.#logger.warn(
        `group ${this.#options.groupId}: no poll for max.poll.interval.ms=${this.#options.maxPollIntervalMs}, leaving the group; make batches smaller (max.poll.records) or the interval longer`,
      )
      this.#expired = true
      void this.#member.leave()
    }, this.#options.maxPollIntervalMs)
    this.#pollTimer.unref()
  }
}
