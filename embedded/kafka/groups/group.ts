/**
 * A classic consumer group (protocol type of any kind) as a state machine without clock, timer or socket: time is handed
 * in, answers leave through the callbacks that came with the requests.
 *
 *            join                  all joined, or rebalance timeout         leader's sync
 *   Empty ─────────► PreparingRebalance ─────────► CompletingRebalance ─────────────► Stable
 *     ▲                   ▲  │ nobody left               │ a member left or joined       │
 *     └───────────────────┼──┘                           │ or did not sync               │ join, leave, expiry
 *                         └──────────────────────────────┴───────────────────────────────┘
 *
 * Rules from Kafka's GroupCoordinator (KIP-62, KIP-345 static members, KIP-394 member ids).
 */
import { ErrorCode } from 'naru/protocol'
import { GroupMembers, isWaiting, touch } from './group-members.ts'
import { sameProtocols, vote } from './group-protocols.ts'
import { settledGroup } from './group-memory.ts'
import type { SettledGroup } from './group-memory.ts'
import { failedJoin, failedSync, joinedReply, syncedReply } from './group-replies.ts'
import type { GroupState, JoinReply, JoinRequest, Member, SyncReply, SyncRequest } from './group-types.ts'

export interface GroupOptions {
  readonly groupId: string
  readonly initialRebalanceDelayMs: number
  /** Makes the unique part of member ids. */
  readonly newId: () => string
}

const NO_BYTES = Buffer.alloc(0)

export class Group {
  readonly groupId: string
  readonly #options: GroupOptions
  readonly #members = new GroupMembers()
  #state: GroupState = 'Empty'
  #generation = 0
  #protocolType: string | null = null
  #protocol: string | null = null
  #leaderId: string | null = null
  /** When a rebalance goes on without those who did not come, or an unfinished sync is punished. */
  #deadline = Infinity
  /** Until then a new group waits for more members. */
  #earliest = 0
  #settledAs: SettledGroup | undefined

  constructor(options: GroupOptions) {
    this.groupId = options.groupId
    this.#options = options
  }

  /** As it was before the broker ended. Who does not come back within `graceMs`, or its shorter session, is out. */
  static restored(options: GroupOptions, settled: SettledGroup, now: number, graceMs: number): Group {
    const group = new Group(options)
    group.#state = 'Stable'
    group.#generation = settled.generation
    group.#protocolType = settled.protocolType
    group.#protocol = settled.protocol
    group.#leaderId = settled.leaderId
    group.#settledAs = settled
    for (const member of settled.members) {
      const sessionDeadline = now + Math.min(graceMs, member.sessionTimeoutMs)
      group.#members.add({ ...member, sessionDeadline, joining: undefined, syncing: undefined })
    }
    return group
  }

  get state(): GroupState {
    return this.#state
  }

  get generation(): number {
    return this.#generation
  }

  get protocolType(): string | null {
    return this.#protocolType
  }

  get protocol(): string | null {
    return this.#protocol
  }

  get leaderId(): string | null {
    return this.#leaderId
  }

  get members(): readonly Member[] {
    return this.#members.all
  }

  /** The youngest generation whose members have their assignments: another object when it is another; undefined when nobody is left. */
  get settledAs(): SettledGroup | undefined {
    return this.#settledAs
  }

  /** Nobody in it and nobody announced. */
  get isIdle(): boolean {
    return this.#members.size === 0 && !this.#members.isAwaiting
  }

  metadataOf(member: Member): Buffer {
    return member.protocols.find((protocol) => protocol.name === this.#protocol)?.metadata ?? NO_BYTES
  }

  memberByInstance(instanceId: string): Member | undefined {
    return this.#members.byInstance(instanceId)
  }

  join(request: JoinRequest, now: number, reply: (reply: JoinReply) => void): void {
    const refuse = (errorCode: ErrorCode, memberId = request.memberId): void => reply(failedJoin(errorCode, memberId))
    if (this.#state === 'Dead') return refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    if (!this.#members.suit(request, this.#protocolType)) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    if (request.memberId === '') return this.#joinNew(request, now, reply, refuse)
    if (this.#members.redeem(request.memberId)) return this.#admit(request.memberId, request, now, reply)
    const problem = this.#members.problemOf(request.memberId, request.instanceId)
    if (problem !== undefined) return refuse(problem)
    this.#rejoin(this.#members.get(request.memberId)!, request, now, reply)
  }

  sync(request: SyncRequest, now: number, reply: (reply: SyncReply) => void): void {
    const refuse = (errorCode: ErrorCode): void => reply(failedSync(errorCode))
    const problem = this.#members.problemOf(request.memberId, request.instanceId)
    if (problem !== undefined) return refuse(problem)
    if (request.generation !== this.#generation) return refuse(ErrorCode.ILLEGAL_GENERATION)
    if (differs(request.protocolType, this.#protocolType) || differs(request.protocol, this.#protocol)) {
      return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    }
    const member = this.#members.get(request.memberId)!
    touch(member, now)
    switch (this.#state) {
      case 'Empty':
      case 'Dead':
        return refuse(ErrorCode.UNKNOWN_MEMBER_ID)
      case 'PreparingRebalance':
        return refuse(ErrorCode.REBALANCE_IN_PROGRESS)
      case 'Stable':
        return reply(syncedReply(this, member))
      case 'CompletingRebalance':
        member.syncing?.(failedSync(ErrorCode.REBALANCE_IN_PROGRESS))
        member.syncing = reply
        if (member.memberId === this.#leaderId) this.#assign(request.assignments, now)
    }
  }

  heartbeat(memberId: string, instanceId: string | null, generation: number, now: number): ErrorCode {
    if (this.#members.isPromised(memberId)) return ErrorCode.UNKNOWN_MEMBER_ID
    const problem = this.#members.problemOf(memberId, instanceId)
    if (problem !== undefined) return problem
    if (generation !== this.#generation) return ErrorCode.ILLEGAL_GENERATION
    touch(this.#members.get(memberId)!, now)
    return this.#state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  }

  /** A static member may be named by its instance id alone (KIP-345: an operator removes it). */
  leave(memberId: string, instanceId: string | null, now: number): ErrorCode {
    if (this.#members.redeem(memberId)) {
      this.#completeWhenJoined(now)
      return ErrorCode.NONE
    }
    const byInstance = memberId === '' && instanceId !== null ? this.memberByInstance(instanceId) : undefined
    const problem = byInstance === undefined ? this.#members.problemOf(memberId, instanceId) : undefined
    if (problem !== undefined) return problem
    this.#remove(byInstance ?? this.#members.get(memberId)!, now)
    return ErrorCode.NONE
  }

  /** May this member commit offsets? `generation` below 0 comes from tools and simple consumers. */
  mayCommit(memberId: string, instanceId: string | null, generation: number, now: number): ErrorCode {
    if (generation < 0 && this.#members.size === 0) return ErrorCode.NONE
    const problem = this.#members.problemOf(memberId, instanceId)
    if (problem !== undefined)
      return generation >= 0 && this.#members.size === 0 ? ErrorCode.ILLEGAL_GENERATION : problem
    if (generation !== this.#generation) return ErrorCode.ILLEGAL_GENERATION
    touch(this.#members.get(memberId)!, now)
    return this.#state === 'CompletingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  }

  /** The same within a transaction (KIP-447): producers of older clients do not say for whom they commit, and may. */
  mayCommitInTransaction(memberId: string, instanceId: string | null, generation: number): ErrorCode {
    if (generation < 0 && memberId === '' && instanceId === null) return ErrorCode.NONE
    const problem = this.#members.problemOf(memberId, instanceId)
    if (problem !== undefined) return problem
    return generation === this.#generation ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION
  }

  /** Acts on everything whose time has come. */
  tick(now: number): void {
    this.#members.lapse(now)
    for (const member of this.members) {
      if (!isWaiting(member) && member.sessionDeadline <= now) this.#remove(member, now)
    }
    if (this.#state === 'PreparingRebalance' && this.#deadline <= now) this.#completeJoin(now)
    else if (this.#state === 'CompletingRebalance' && this.#deadline <= now) this.#removeUnsynced(now)
    else this.#completeWhenJoined(now)
  }

  /** When tick() has something to do next; Infinity: nothing. */
  nextDeadline(): number {
    let next = this.#deadline
    if (this.#state === 'PreparingRebalance' && this.#members.allJoined) next = Math.min(next, this.#earliest)
    return Math.min(next, this.#members.nextDeadline)
  }

  /** Deleted by a client; whoever still holds it is told. */
  die(): void {
    this.#state = 'Dead'
    this.#deadline = Infinity
  }

  #joinNew(
    request: JoinRequest,
    now: number,
    reply: (reply: JoinReply) => void,
    refuse: (errorCode: ErrorCode, memberId?: string) => void,
  ): void {
    const memberId = `${request.instanceId ?? request.clientId}-${this.#options.newId()}`
    if (request.instanceId !== null) {
      const old = this.memberByInstance(request.instanceId)
      return old === undefined
        ? this.#admit(memberId, request, now, reply)
        : this.#replace(old, memberId, request, now, reply)
    }
    if (request.idRequired) {
      this.#members.promise(memberId, now + request.sessionTimeoutMs)
      return refuse(ErrorCode.MEMBER_ID_REQUIRED, memberId)
    }
    this.#admit(memberId, request, now, reply)
  }

  #admit(memberId: string, request: JoinRequest, now: number, reply: (reply: JoinReply) => void): void {
    const { instanceId, clientId, clientHost } = request
    const member: Member = {
      ...{ memberId, instanceId, clientId, clientHost },
      ...{ protocols: [], sessionTimeoutMs: 0, rebalanceTimeoutMs: 0, assignment: NO_BYTES, sessionDeadline: 0 },
      ...{ joining: undefined, syncing: undefined },
    }
    this.#members.add(member)
    this.#protocolType = request.protocolType
    this.#leaderId ??= memberId
    this.#update(member, request, now, reply)
    this.#rebalance(now)
  }

  /**
   * A static member came back under a new id: the old one is fenced, and the assignment stands unless the group would now speak another
   * protocol. What the member subscribes to is not compared, as in Kafka: only its leader would, see `skipAssignment`.
   */
  #replace(old: Member, memberId: string, request: JoinRequest, now: number, reply: (reply: JoinReply) => void): void {
    old.joining?.(failedJoin(ErrorCode.FENCED_INSTANCE_ID, old.memberId))
    old.syncing?.(failedSync(ErrorCode.FENCED_INSTANCE_ID))
    this.#members.delete(old.memberId)
    const member: Member = { ...old, memberId, joining: undefined, syncing: undefined }
    this.#members.add(member)
    if (this.#leaderId === old.memberId) this.#leaderId = memberId
    this.#update(member, request, now, reply)
    if (this.#state !== 'Stable' || vote(this.members) !== this.#protocol) return this.#rebalance(now)
    this.#noteSettled()
    this.#answerJoin(member, now, request.knowsSkipping, true)
  }

  #rejoin(member: Member, request: JoinRequest, now: number, reply: (reply: JoinReply) => void): void {
    const same = sameProtocols(member.protocols, request.protocols)
    const settled =
      this.#state === 'CompletingRebalance' || (this.#state === 'Stable' && member.memberId !== this.#leaderId)
    this.#update(member, request, now, reply)
    if (same && settled) this.#answerJoin(member, now, true)
    else this.#rebalance(now)
  }

  #update(member: Member, request: JoinRequest, now: number, reply: (reply: JoinReply) => void): void {
    member.joining?.(failedJoin(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId))
    member.protocols = request.protocols
    member.sessionTimeoutMs = request.sessionTimeoutMs
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    member.joining = reply
    touch(member, now)
  }

  #remove(member: Member, now: number): void {
    this.#members.delete(member.memberId)
    member.joining?.(failedJoin(ErrorCode.UNKNOWN_MEMBER_ID, member.memberId))
    member.syncing?.(failedSync(ErrorCode.UNKNOWN_MEMBER_ID))
    if (this.#leaderId === member.memberId) this.#leaderId = this.#members.first?.memberId ?? null
    this.#rebalance(now)
  }

  /** Begins a rebalance, or sees whether the one under way is complete. */
  #rebalance(now: number): void {
    if (this.#state !== 'PreparingRebalance') {
      const fresh = this.#state === 'Empty'
      for (const member of this.members) {
        member.syncing?.(failedSync(ErrorCode.REBALANCE_IN_PROGRESS))
        member.syncing = undefined
        member.assignment = NO_BYTES
      }
      this.#state = 'PreparingRebalance'
      this.#earliest = fresh ? now + this.#options.initialRebalanceDelayMs : now
      this.#deadline = Math.max(this.#earliest, now + this.#members.longestRebalanceMs)
    }
    this.#completeWhenJoined(now)
  }

  #completeWhenJoined(now: number): void {
    if (this.#state !== 'PreparingRebalance' || now < this.#earliest || !this.#members.allJoined) return
    this.#completeJoin(now)
  }

  #completeJoin(now: number): void {
    for (const member of this.members) {
      // A static member that is away keeps its place until its session ends.
      if (member.joining === undefined && member.instanceId === null) this.#members.delete(member.memberId)
    }
    if (this.#members.size > 0 && this.members.every(({ joining }) => joining === undefined)) {
      // Static members only, all of them away: they come back, or their sessions end.
      this.#deadline = now + this.#members.longestRebalanceMs
      return
    }
    this.#generation++
    if (this.#members.size === 0) {
      this.#state = 'Empty'
      this.#settledAs = undefined
      this.#protocol = null
      this.#leaderId = null
      this.#deadline = Infinity
      return
    }
    this.#electLeader()
    this.#protocol = vote(this.members)
    this.#state = 'CompletingRebalance'
    this.#deadline = now + this.#members.longestRebalanceMs
    for (const member of this.members) if (member.joining !== undefined) this.#answerJoin(member, now, true)
  }

  #electLeader(): void {
    const leader = this.#leaderId === null ? undefined : this.#members.get(this.#leaderId)
    if (leader?.joining !== undefined) return
    const present = this.members.find((member) => member.joining !== undefined) ?? this.members[0]!
    this.#leaderId = present.memberId
  }

  #answerJoin(member: Member, now: number, leads: boolean, skips = false): void {
    const reply = member.joining
    member.joining = undefined
    touch(member, now)
    reply?.(joinedReply(this, member, leads, skips))
  }

  #assign(assignments: ReadonlyMap<string, Buffer>, now: number): void {
    this.#state = 'Stable'
    this.#deadline = Infinity
    for (const member of this.members) {
      member.assignment = assignments.get(member.memberId) ?? NO_BYTES
      const reply = member.syncing
      member.syncing = undefined
      if (reply === undefined) continue
      touch(member, now)
      reply(syncedReply(this, member))
    }
    this.#noteSettled()
  }

  #noteSettled(): void {
    this.#settledAs = settledGroup(this)
  }

  /** They joined but never asked for their assignment: the group goes on without them. */
  #removeUnsynced(now: number): void {
    const late = this.members.filter((member) => member.syncing === undefined)
    this.#deadline = Infinity
    for (const member of late) this.#members.delete(member.memberId)
    if (late.some((member) => member.memberId === this.#leaderId)) {
      this.#leaderId = this.#members.first?.memberId ?? null
    }
    this.#rebalance(now)
  }
}

function differs(said: string | null, actual: string | null): boolean {
  return said !== null && said !== actual
}
