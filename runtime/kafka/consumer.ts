import type { Logger } from '../api/index.ts'
import { awaitBriefly } from './await-briefly.ts'
import { Deferred } from '../async/deferred.ts'
import { isCooperative } from './assignors/strategies.ts'
import type { ConsumerOptions } from './client-options.ts'
import type { Cluster } from './cluster.ts'
import type { Fetcher } from './fetcher.ts'
import { commitGroupOffsets } from './group-offsets.ts'
import type { Membership } from './group-offsets.ts'
import { GroupJoining } from './group-joining.ts'
import type { Ownership } from './group-joining.ts'
import type { GroupMember, Joined } from './group-member.ts'
import { KafkaError } from './kafka-errors.ts'
import { ErrorCode } from './protocol/index.ts'
import { removeMembersOfClient } from './remove-members.ts'
import { PollWatch } from './poll-watch.ts'
import type { RebalanceListener } from './rebalance-listener.ts'
import type { FetchedRecord } from './records/fetched-record.ts'
import { committedOffsets, startOffsets } from './start-offsets.ts'
import { Subscription } from './subscription.ts'
import type { PartitionOffset, TopicPartition } from './topic-partition.ts'
import { partitionName } from './topic-partition.ts'

export type { RebalanceListener } from './rebalance-listener.ts'

/**
 * A consumer of a group (classic protocol). Joining and heartbeats go on in the background; what changes the assignment happens inside
 * poll only.
 *
 *   eager          reading ─rebalance: revoked(all)─► joining, nothing is read ─► assigned(all) ─► reading
 *   cooperative    reading ─rebalance─► joining, reading ─► revoked(moved), assigned(new) ─► reading, joining once more if something moved
 *   either         reading ─lost: lost(all)─► joining, nothing is read ─► …
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
  readonly #joining: GroupJoining
  readonly #cooperative: boolean
  readonly #watch: PollWatch
  #watching = new AbortController()
  /** What is assigned; undefined while everything is given back. */
  #owned: Ownership | undefined
  /** What was assigned before, for an assignor that remembers. */
  #former: Ownership | undefined
  #expired = false
  #woken = false
  #wakeJoin: Deferred | undefined

  /** All share the cluster, each with channels of its own for what brokers hold back; all are closed with the consumer. */
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
    this.#cooperative = isCooperative(options.options.strategies)
    this.#watch = new PollWatch(options.options.maxPollIntervalMs, () => this.#expire())
    this.#joining = new GroupJoining({
      member: options.member,
      strategies: options.options.strategies,
      closing: this.#closing.signal,
      onJoined: () => {
        if (this.#owned !== undefined) this.#fetcher.wakeup()
      },
    })
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
    return await this.#watch.during(() => this.#poll(Date.now() + options.timeoutMs, options.signal))
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
    const offsets = await committedOffsets(this.#cluster, this.#options.groupId, partitions, signal)
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

  /** Was all there is of the partition handed out, as a broker said in answer to a fetch behind it? */
  atEnd(partition: TopicPartition): boolean {
    return this.#fetcher.atEnd(partition)
  }

  assignment(): readonly TopicPartition[] {
    return this.#owned?.partitions ?? []
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
    this.#watch.close()
    await this.#joining.reset()
    await this.#member.leave() // while there are connections
    await this.#fetcher[Symbol.asyncDispose]()
    await this.#member[Symbol.asyncDispose]()
    await this.#cluster[Symbol.asyncDispose]()
  }

  async #poll(deadline: number, signal: AbortSignal | undefined): Promise<readonly FetchedRecord[]> {
    await this.#heed()
    if (!(await this.#takeAssignment(deadline, signal))) return []
    if (this.#woken) {
      this.#woken = false
      return []
    }
    if (this.#joining.state.state === 'settled' && this.#subscription!.changed()) {
      this.#logger.info(
        `topics or partitions of the subscription of group ${this.#options.groupId} changed: joining again`,
      )
      await this.#rejoin()
    }
    return await this.#fetcher.poll({
      signal,
      timeoutMs: Math.max(0, deadline - Date.now()),
      maxRecords: this.#options.maxPollRecords,
    })
  }

  /** Heeds what the group says, and that polls came too rarely. */
  async #heed(): Promise<void> {
    if (this.#joining.state.state === 'going') {
      // the group forgot this member while it joined: what it had is given away
      if (this.#owned !== undefined && this.#owned.memberId !== this.#member.memberId) await this.#loseAll()
      return
    }
    const event = this.#expired ? 'lost' : this.#member.event
    if (event === undefined) return
    if (event === 'lost') {
      this.#expired = false
      await this.#joining.reset()
      await this.#loseAll()
      if (this.#member.fenced)
        throw new KafkaError(ErrorCode.FENCED_INSTANCE_ID, `stay in group ${this.#options.groupId}`, {
          detail: `another member has group.instance.id=${this.#options.groupInstanceId}`,
        })
    } else if (this.#joining.state.state === 'settled') await this.#rejoin()
  }

  async #loseAll(): Promise<void> {
    const partitions = this.#owned?.partitions ?? []
    this.#owned = undefined
    this.#fetcher.assign([])
    if (partitions.length > 0) await this.#listener!.lost(partitions)
  }

  /** Begins another round: with what it has (cooperative), or after giving everything back. */
  async #rejoin(): Promise<void> {
    if (!this.#cooperative && this.#owned !== undefined) {
      const { partitions } = this.#owned
      this.#former = this.#owned
      await this.#listener!.revoked(partitions)
      this.#owned = undefined
      this.#fetcher.assign([])
    }
    this.#joining.start(this.#subscription!, this.#owned, this.#former)
  }

  /** True when there is an assignment to read before the deadline. */
  async #takeAssignment(deadline: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#subscription === undefined) throw new Error('subscribe before the first poll')
    if (this.#joining.state.state === 'none') await this.#rejoin()
    const going = this.#joining.state
    if (going.state === 'going') {
      if (this.#owned !== undefined) return true
      await this.#joinOrWake(going.done, deadline, signal)
    }
    const joining = this.#joining.state
    switch (joining.state) {
      case 'failed':
        await this.#joining.reset()
        throw joining.error
      case 'joined':
        await this.#take(joining.joined, joining.partitions, signal)
        return true
      case 'settled':
        return true
      case 'none':
      case 'going':
        return false
    }
  }

  async #take(
    { memberId, generation }: Joined,
    next: readonly TopicPartition[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (this.#owned !== undefined && this.#owned.memberId !== memberId) await this.#loseAll()
    const had = this.#owned?.partitions ?? []
    const revoked = without(had, next)
    const added = without(next, had)
    const offsets = await committedOffsets(this.#cluster, this.#options.groupId, added, signal)
    if (revoked.length > 0) await this.#listener!.revoked(revoked)
    this.#fetcher.reassign(revoked, startOffsets(added, offsets, this.#options))
    this.#owned = { partitions: next, memberId, generation }
    this.#joining.settle()
    this.#watchMember()
    this.#logger.info(
      `group ${this.#options.groupId}, generation ${generation}: assigned ${next.map(({ topic, partition }) => partitionName(topic, partition)).join(', ') || 'nothing'}`,
    )
    await this.#listener!.assigned(added)
    // what was given back is free now: another round hands it over
    if (revoked.length > 0) await this.#rejoin()
  }

  /** Gives its partitions to others; the next poll hears that they are lost. */
  #expire(): void {
    if (this.#joining.state.state === 'none') return
    const { groupId, maxPollIntervalMs } = this.#options
    this.#logger.warn(
      `group ${groupId}: no poll for max.poll.interval.ms=${maxPollIntervalMs}, leaving the group; make batches smaller (max.poll.records) or the interval longer`,
    )
    this.#expired = true
    void this.#joining.reset().then(() => this.#member.leave())
  }

  /** The group's news end a waiting poll. */
  #watchMember(): void {
    this.#watching.abort()
    this.#watching = new AbortController()
    this.#member.nextEvent(AbortSignal.any([this.#watching.signal, this.#closing.signal])).then(
      () => this.#fetcher.wakeup(),
      () => undefined,
    )
  }

  async #joinOrWake(done: Promise<void>, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const wake = new Deferred()
    this.#wakeJoin = wake
    if (this.#woken) wake.resolve()
    await awaitBriefly(Promise.race([done, wake.promise]), deadline - Date.now(), signal)
    this.#wakeJoin = undefined
  }
}

function without(partitions: readonly TopicPartition[], others: readonly TopicPartition[]): readonly TopicPartition[] {
  const names = new Set(others.map(({ topic, partition }) => partitionName(topic, partition)))
  return partitions.filter(({ topic, partition }) => !names.has(partitionName(topic, partition)))
}
