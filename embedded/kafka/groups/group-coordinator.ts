/** The groups of this broker: finds them, gives them the time, and joins them with their committed offsets. */
import { randomUUID } from 'node:crypto'

import { ErrorCode } from 'naru/protocol'
import type { BrokerSettings } from '../store/broker-settings.ts'
import type { CommittedOffsets, OffsetCommit } from './committed-offsets.ts'
import { Group } from './group.ts'
import type { GroupOptions } from './group.ts'
import type { GroupMemory, SettledGroup } from './group-memory.ts'
import { failedJoin, failedSync } from './group-replies.ts'
import type { JoinReply, JoinRequest, SyncReply, SyncRequest } from './group-types.ts'

export interface GroupCoordinatorOptions {
  readonly settings: BrokerSettings
  readonly offsets: CommittedOffsets
  /** Where groups outlive the broker; undefined: their members end with it. */
  readonly memory: GroupMemory | undefined
}

export interface CommittingMember {
  readonly memberId: string
  readonly instanceId: string | null
  /** Below 0: not a member. */
  readonly generation: number
}

interface Alarm {
  readonly timer: NodeJS.Timeout
  readonly at: number
}

/** Node's timers take 31 bits of milliseconds. */
const LONGEST_TIMER_MS = 0x7fffffff
/** A member that lives sends a heartbeat to the restarted broker long before; the others need not keep it for a whole session. */
const RETURN_WITHIN_MS = 6_000

export class GroupCoordinator {
  readonly offsets: CommittedOffsets
  readonly #settings: BrokerSettings
  readonly #groups = new Map<string, Group>()
  readonly #alarms = new Map<Group, Alarm>()
  readonly #memory: GroupMemory | undefined
  readonly #saved = new Map<Group, SettledGroup>()

  constructor({ settings, offsets, memory }: GroupCoordinatorOptions) {
    this.#settings = settings
    this.offsets = offsets
    this.#memory = memory
    for (const [groupId, settled] of memory?.all() ?? []) this.#restore(groupId, settled)
  }

  /** Groups with members, and those that only have offsets. */
  groupIds(): readonly string[] {
    return [...new Set([...this.#groups.keys(), ...this.offsets.groupIds()])]
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId)
  }

  join(groupId: string, request: JoinRequest, reply: (reply: JoinReply) => void): void {
    const problem = this.#checkJoin(groupId, request.sessionTimeoutMs)
    if (problem !== ErrorCode.NONE) return reply(failedJoin(problem, request.memberId))
    const known = this.#groups.get(groupId)
    if (known === undefined && request.memberId !== '') {
      return reply(failedJoin(ErrorCode.UNKNOWN_MEMBER_ID, request.memberId))
    }
    const group = known ?? this.#create(groupId)
    group.join(request, Date.now(), reply)
    this.#settle(group)
  }

  sync(groupId: string, request: SyncRequest, reply: (reply: SyncReply) => void): void {
    const group = this.#groups.get(groupId)
    if (group === undefined) {
      return reply(failedSync(groupId === '' ? ErrorCode.INVALID_GROUP_ID : ErrorCode.UNKNOWN_MEMBER_ID))
    }
    group.sync(request, Date.now(), reply)
    this.#settle(group)
  }

  heartbeat(groupId: string, memberId: string, instanceId: string | null, generation: number): ErrorCode {
    return this.#act(groupId, (group) => group.heartbeat(memberId, instanceId, generation, Date.now()))
  }

  leave(groupId: string, memberId: string, instanceId: string | null): ErrorCode {
    return this.#act(groupId, (group) => group.leave(memberId, instanceId, Date.now()))
  }

  /** Stores the offsets when the member may; the caller waits for the write before it answers. */
  commit(groupId: string, member: CommittingMember, commits: readonly OffsetCommit[]): ErrorCode {
    const group = this.#groups.get(groupId)
    const now = Date.now()
    if (group === undefined && member.generation >= 0) return ErrorCode.ILLEGAL_GENERATION
    const allowed = group?.mayCommit(member.memberId, member.instanceId, member.generation, now) ?? ErrorCode.NONE
    if (allowed !== ErrorCode.NONE) return allowed
    this.offsets.commit(groupId, commits, now)
    return ErrorCode.NONE
  }

  /** As commit(), for the time when the producer's transaction commits. */
  commitPending(
    groupId: string,
    member: CommittingMember,
    producerId: number,
    commits: readonly OffsetCommit[],
  ): ErrorCode {
    const group = this.#groups.get(groupId)
    if (group === undefined && member.generation >= 0) return ErrorCode.ILLEGAL_GENERATION
    const { memberId, instanceId, generation } = member
    const allowed = group?.mayCommitInTransaction(memberId, instanceId, generation) ?? ErrorCode.NONE
    if (allowed === ErrorCode.NONE) this.offsets.commitPending(producerId, groupId, commits, Date.now())
    return allowed
  }

  delete(groupId: string): ErrorCode {
    const group = this.#groups.get(groupId)
    if (group === undefined && !this.offsets.has(groupId)) return ErrorCode.GROUP_ID_NOT_FOUND
    if (group !== undefined && !group.isIdle) return ErrorCode.NON_EMPTY_GROUP
    this.offsets.removeGroup(groupId)
    if (group !== undefined) this.#forget(group)
    return ErrorCode.NONE
  }

  close(): void {
    for (const { timer } of this.#alarms.values()) clearTimeout(timer)
    this.#alarms.clear()
  }

  #checkJoin(groupId: string, sessionTimeoutMs: number): ErrorCode {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID
    const least = this.#settings.number('group.min.session.timeout.ms')
    const greatest = this.#settings.number('group.max.session.timeout.ms')
    const allowed = sessionTimeoutMs >= least && sessionTimeoutMs <= greatest
    return allowed ? ErrorCode.NONE : ErrorCode.INVALID_SESSION_TIMEOUT
  }

  #act(groupId: string, action: (group: Group) => ErrorCode): ErrorCode {
    const group = this.#groups.get(groupId)
    if (group === undefined) return groupId === '' ? ErrorCode.INVALID_GROUP_ID : ErrorCode.UNKNOWN_MEMBER_ID
    const result = action(group)
    this.#settle(group)
    return result
  }

  #create(groupId: string): Group {
    const group = new Group(this.#optionsOf(groupId))
    this.#groups.set(groupId, group)
    return group
  }

  #restore(groupId: string, settled: SettledGroup): void {
    const group = Group.restored(this.#optionsOf(groupId), settled, Date.now(), RETURN_WITHIN_MS)
    this.#groups.set(groupId, group)
    this.#saved.set(group, settled)
    this.#settle(group)
  }

  #optionsOf(groupId: string): GroupOptions {
    const initialRebalanceDelayMs = this.#settings.number('group.initial.rebalance.delay.ms')
    return { groupId, initialRebalanceDelayMs, newId: randomUUID }
  }

  #remember(group: Group): void {
    const settled = group.settledAs
    if (this.#saved.get(group) === settled) return
    if (settled === undefined) {
      this.#saved.delete(group)
      this.#memory?.drop(group.groupId)
    } else {
      this.#saved.set(group, settled)
      this.#memory?.save(group.groupId, settled)
    }
  }

  /** Sets the alarm to the group's next deadline. One that rings too early only looks again. */
  #settle(group: Group): void {
    this.#remember(group)
    if (group.isIdle && !this.offsets.has(group.groupId)) return this.#forget(group)
    const at = group.nextDeadline()
    const alarm = this.#alarms.get(group)
    if (alarm !== undefined && alarm.at <= at) return
    if (alarm !== undefined) clearTimeout(alarm.timer)
    if (at === Infinity) {
      this.#alarms.delete(group)
      return
    }
    const timer = setTimeout(() => this.#ring(group), Math.min(Math.max(0, at - Date.now()), LONGEST_TIMER_MS))
    this.#alarms.set(group, { timer, at })
  }

  /** Heartbeats that arrived while the event loop was busy are heard first. */
  #ring(group: Group): void {
    setImmediate(() => {
      if (!this.#alarms.delete(group)) return
      group.tick(Date.now())
      this.#settle(group)
    })
  }

  #forget(group: Group): void {
    group.die()
    if (this.#saved.delete(group)) this.#memory?.drop(group.groupId)
    const alarm = this.#alarms.get(group)
    if (alarm !== undefined) clearTimeout(alarm.timer)
    this.#alarms.delete(group)
    this.#groups.delete(group.groupId)
  }
}
