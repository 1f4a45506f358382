import type { Logger } from '../api/index.ts'
import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import { Deferred } from '../async/deferred.ts'
import type { Cluster } from './cluster.ts'
import { COORDINATOR_CHANNEL } from './group-offsets.ts'
import { Heartbeats } from './heartbeats.ts'
import type { GroupEvent } from './heartbeats.ts'
import { JoinRequests } from './join-requests.ts'
import type { GroupProtocol, JoinOptions } from './join-requests.ts'
import { isKafkaError, throwOn } from './kafka-errors.ts'
import { ErrorCode, LeaveGroup } from './protocol/index.ts'

const LEAVE_TIMEOUT_MS = 5000

export interface GroupMemberOptions extends JoinOptions {
  readonly heartbeatIntervalMs: number
  readonly clientId: string
  readonly logger: Logger
}

export interface JoinedMember {
  readonly memberId: string
  readonly groupInstanceId?: string | null
  readonly metadata: Buffer
}

/** Called on the leader only; answers each member's assignment by member id. */
export type Assign = (
  members: readonly JoinedMember[],
  protocol: string,
  leaderId: string,
  generation: number,
) => Promise<ReadonlyMap<string, Uint8Array>> | ReadonlyMap<string, Uint8Array>

export interface Joined {
  readonly memberId: string
  readonly leaderId: string
  readonly generation: number
  readonly protocol: string
  readonly assignment: Buffer
  readonly isLeader: boolean
}

/**
 * A member of a classic group of any protocol type: the mechanics on the wire, no decisions.
 *
 *   join() ─► JoinGroup ─► (leader: assign) ─► SyncGroup ─► joined, heartbeats ─► nextEvent(): rebalance | lost ─► join() …
 */
export class GroupMember implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: GroupMemberOptions
  readonly #requests: JoinRequests
  readonly #closing = new AbortController()
  #memberId = ''
  #generation = -1
  #heartbeats: Heartbeats | undefined
  #event: GroupEvent | undefined
  #fenced = false
  #contactAt = -Infinity
  readonly #waiting = new Set<Deferred<GroupEvent>>()

  constructor(cluster: Cluster, options: GroupMemberOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#requests = new JoinRequests(cluster, options)
  }

  /** Milliseconds for which the coordinator may not have heard of this member: since the last request that it answered was sent. */
  get silentMs(): number {
    return performance.now() - Math.max(this.#contactAt, this.#heartbeats?.answeredAt ?? 0)
  }

  get memberId(): string | undefined {
    return this.#memberId === '' ? undefined : this.#memberId
  }

  /** -1 when not a member. */
  get generation(): number {
    return this.#generation
  }

  /**
   * `protocols` in order of preference, asked for before each attempt when they are a function; answers when the rebalance is complete. Goes on over coordinator moves, broker restarts and
   * rebalances that begin meanwhile, until the signal aborts. Throws what cannot pass by itself (no common protocol, missing rights, fenced).
   */
  async join(
    protocols: readonly GroupProtocol[] | (() => readonly GroupProtocol[]),
    assign: Assign,
    signal?: AbortSignal,
  ): Promise<Joined> {
    const stop = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal])
    const { retryBackoffMs: initialMs, retryBackoffMaxMs: maxMs } = this.#cluster.options
    const backoff = new Backoff({ initialMs, maxMs })
    for (;;) {
      stop.throwIfAborted()
      this.#stopHeartbeats()
      try {
        const offered = typeof protocols === 'function' ? protocols() : protocols
        const joined = await this.#attempt(offered, assign, stop)
        if (joined !== undefined) return joined
        this.#options.meter?.failed()
        backoff.reset()
      } catch (error) {
        if (stop.aborted) {
          this.#stopHeartbeats()
          this.#requests.abandon()
        }
        stop.throwIfAborted()
        this.#options.meter?.failed()
        if (!isKafkaError(error) || !error.retriable) throw error
        this.#options.logger.debug(`${error.message}; joining again`)
        await sleep(backoff.next(), stop)
      }
    }
  }

  /** Why a new join is needed, once it is. Lost: the others may own this member's work already. */
  async nextEvent(signal?: AbortSignal): Promise<GroupEvent> {
    signal?.throwIfAborted()
    if (this.#event !== undefined) return this.#event
    const waiting = new Deferred<GroupEvent>()
    const onAbort = (): void => waiting.reject(signal!.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#waiting.add(waiting)
    try {
      return await waiting.promise
    } finally {
      this.#waiting.delete(waiting)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** The event that nextEvent would answer at once, if any. */
  get event(): GroupEvent | undefined {
    return this.#event
  }

  /** Another member with the same group.instance.id has taken over: joining again would only push that one out (KIP-345). */
  get fenced(): boolean {
    return this.#fenced
  }

  /** Tells the group, so that it need not wait for the session to time out. Best effort. A static member stays (KIP-345). */
  async leave(): Promise<void> {
    this.#stopHeartbeats()
    const memberId = this.#memberId
    this.#forgetMember()
    if (memberId === '' || this.#options.groupInstanceId !== undefined) return
    const { groupId, logger } = this.#options
    try {
      const node = await this.#cluster.coordinator(groupId, AbortSignal.timeout(LEAVE_TIMEOUT_MS))
      const request = { groupId, memberId, members: [{ memberId, groupInstanceId: null, reason: 'the member leaves' }] }
      await this.#cluster.send(node, LeaveGroup, request, {
        channel: COORDINATOR_CHANNEL,
        signal: AbortSignal.timeout(LEAVE_TIMEOUT_MS),
      })
    } catch (error) {
      logger.debug(`could not tell group ${groupId} that ${memberId} leaves: ${String(error)}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.leave()
    for (const waiting of this.#waiting) waiting.resolve('lost')
    await this.#cluster[Symbol.asyncDispose]()
  }

  /** Undefined: to be tried again at once. */
  async #attempt(
    protocols: readonly GroupProtocol[],
    assign: Assign,
    signal: AbortSignal,
  ): Promise<Joined | undefined> {
    const { groupId } = this.#options
    const doing = `join group ${groupId}`
    const judge = ({ errorCode, memberId }: { errorCode: number; memberId: string }): void => {
      if (!this.#again(errorCode, memberId)) throwOn(errorCode, doing)
    }
    const answer = await this.#requests.join(this.#memberId, protocols, judge, signal)
    if (answer.errorCode !== ErrorCode.NONE) return undefined
    this.#memberId = answer.memberId
    this.#generation = answer.generationId
    this.#event = undefined
    this.#fenced = false
    // from here on the session runs, while the assignment is worked out too
    this.#startHeartbeats()
    const isLeader = answer.leader === answer.memberId
    const protocol = answer.protocolName ?? ''
    const assignments =
      isLeader && !answer.skipAssignment
        ? await assign(
            answer.members.map(({ memberId, groupInstanceId, metadata }) => ({ memberId, groupInstanceId, metadata })),
            protocol,
            answer.leader,
            answer.generationId,
          )
        : new Map<string, Uint8Array>()
    const syncedAt = performance.now()
    const { memberId, generationId: generation, leader: leaderId } = answer
    const judgeSync = ({ errorCode }: { errorCode: number }): void => judge({ errorCode, memberId })
    const { errorCode, assignment } = await this.#requests.sync(answer, assignments, judgeSync, signal)
    if (errorCode !== ErrorCode.NONE) return undefined
    this.#options.meter?.rebalanced()
    this.#contactAt = syncedAt
    return { memberId, leaderId, generation, protocol, assignment, isLeader }
  }

  /** Whether the code asks for another JoinGroup right away; sets the identity it is to be sent with. */
  #again(errorCode: number, memberId: string): boolean {
    switch (errorCode) {
      case ErrorCode.MEMBER_ID_REQUIRED: // KIP-394: join once more with the id that was given
        this.#memberId = memberId
        return true
      case ErrorCode.UNKNOWN_MEMBER_ID:
        this.#forgetMember()
        return true
      case ErrorCode.ILLEGAL_GENERATION:
      case ErrorCode.REBALANCE_IN_PROGRESS:
        return true
      default:
        return false
    }
  }

  #startHeartbeats(): void {
    this.#stopHeartbeats()
    this.#heartbeats = new Heartbeats({
      cluster: this.#cluster,
      groupId: this.#options.groupId,
      memberId: this.#memberId,
      generation: this.#generation,
      groupInstanceId: this.#options.groupInstanceId,
      intervalMs: this.#options.heartbeatIntervalMs,
      sessionTimeoutMs: this.#options.sessionTimeoutMs,
      meter: this.#options.meter,
      logger: this.#options.logger,
      onEvent: (event, forget, fenced) => {
        if (forget) this.#forgetMember()
        this.#fenced = fenced
        this.#tell(event)
      },
    })
  }

  #stopHeartbeats(): void {
    this.#contactAt = Math.max(this.#contactAt, this.#heartbeats?.answeredAt ?? 0)
    this.#heartbeats?.stop()
    this.#heartbeats = undefined
  }

  #tell(event: GroupEvent): void {
    this.#event = event
    for (const waiting of this.#waiting) waiting.resolve(event)
  }

  #forgetMember(): void {
    this.#memberId = ''
    this.#generation = -1
  }
}
