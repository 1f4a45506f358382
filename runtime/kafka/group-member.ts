import type { Logger } from '../api/index.ts'
import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import { Deferred } from '../async/deferred.ts'
import type { Cluster } from './cluster.ts'
import { atCoordinator, COORDINATOR_CHANNEL } from './group-offsets.ts'
import { Heartbeats } from './heartbeats.ts'
import type { GroupEvent } from './heartbeats.ts'
import { isKafkaError, throwOn } from './kafka-errors.ts'
import { ErrorCode, JoinGroup, LeaveGroup, SyncGroup } from './protocol/index.ts'
import type { ResponseOf } from './protocol/index.ts'

/** JoinGroup and SyncGroup are held back by the broker until the others have come: they must not hold up heartbeats. */
const JOIN_CHANNEL = 'join'
/** The broker answers a JoinGroup within the rebalance timeout; this much later it is lost (as Java's JOIN_GROUP_TIMEOUT_LAPSE). */
const JOIN_LAPSE_MS = 5000
const LEAVE_TIMEOUT_MS = 5000

export interface GroupMemberOptions {
  readonly groupId: string
  readonly protocolType: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly groupInstanceId?: string
  readonly clientId: string
  readonly logger: Logger
}

export interface JoinedMember {
  readonly memberId: string
  readonly groupInstanceId?: string | null
  readonly metadata: Buffer
}

export interface GroupProtocol {
  readonly name: string
  readonly metadata: Uint8Array
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

type JoinAnswer = ResponseOf<typeof JoinGroup>

/**
 * A member of a classic group of any protocol type: the mechanics on the wire, no decisions.
 *
 *   join() ─► JoinGroup ─► (leader: assign) ─► SyncGroup ─► joined, heartbeats ─► nextEvent(): rebalance | lost ─► join() …
 */
export class GroupMember implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: GroupMemberOptions
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
        backoff.reset()
      } catch (error) {
        if (stop.aborted) this.#abandonJoin()
        stop.throwIfAborted()
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
    const answer = await atCoordinator(this.#cluster, groupId, signal, async (node) => {
      const response = await this.#sendJoin(node, protocols, signal)
      if (!this.#again(response.errorCode, response.memberId)) throwOn(response.errorCode, doing)
      return response
    })
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
    const assignment = await this.#sync(answer, assignments, signal)
    if (assignment === undefined) return undefined
    this.#contactAt = syncedAt
    const { memberId, generationId: generation, leader: leaderId } = answer
    return { memberId, leaderId, generation, protocol, assignment, isLeader }
  }

  async #sendJoin(node: number, protocols: readonly GroupProtocol[], signal: AbortSignal): Promise<JoinAnswer> {
    const { groupId, protocolType, sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId } = this.#options
    return await this.#cluster.send(
      node,
      JoinGroup,
      {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId: this.#memberId,
        groupInstanceId: groupInstanceId ?? null,
        protocolType,
        protocols,
      },
      {
        channel: JOIN_CHANNEL,
        timeoutMs: Math.max(this.#cluster.options.requestTimeoutMs, rebalanceTimeoutMs + JOIN_LAPSE_MS),
        signal,
      },
    )
  }

  /** Undefined: the rebalance begins anew. */
  async #sync(
    answer: JoinAnswer,
    assignments: ReadonlyMap<string, Uint8Array>,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const { groupId, protocolType, groupInstanceId, rebalanceTimeoutMs } = this.#options
    return await atCoordinator(this.#cluster, groupId, signal, async (node) => {
      const response = await this.#cluster.send(
        node,
        SyncGroup,
        {
          groupId,
          generationId: answer.generationId,
          memberId: answer.memberId,
          groupInstanceId: groupInstanceId ?? null,
          protocolType,
          protocolName: answer.protocolName,
          assignments: [...assignments].map(([memberId, assignment]) => ({ memberId, assignment })),
        },
        {
          channel: JOIN_CHANNEL,
          timeoutMs: Math.max(this.#cluster.options.requestTimeoutMs, rebalanceTimeoutMs + JOIN_LAPSE_MS),
          signal,
        },
      )
      if (this.#again(response.errorCode, answer.memberId)) return undefined
      throwOn(response.errorCode, `join group ${groupId}`)
      return response.assignment
    })
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

  /** A join that nobody waits for would hold up the next one behind it. */
  #abandonJoin(): void {
    this.#stopHeartbeats()
    const node = this.#cluster.knownCoordinator(this.#options.groupId)
    if (node !== undefined) this.#cluster.drop(node, JOIN_CHANNEL)
  }
}
