import { ErrorCode } from 'naru/protocol'
import type { JoinRequest, Member } from './group-types.ts'

/** Who is in a group, and who was promised a place: ids that were given out and have not come back (KIP-394). */
export class GroupMembers {
  readonly #members = new Map<string, Member>()
  /** And when they lapse. */
  readonly #promised = new Map<string, number>()

  get size(): number {
    return this.#members.size
  }

  /** In the order in which they came. */
  get all(): readonly Member[] {
    return [...this.#members.values()]
  }

  get first(): Member | undefined {
    return this.#members.values().next().value
  }

  get(memberId: string): Member | undefined {
    return this.#members.get(memberId)
  }

  byInstance(instanceId: string): Member | undefined {
    for (const member of this.#members.values()) if (member.instanceId === instanceId) return member
    return undefined
  }

  add(member: Member): void {
    this.#members.set(member.memberId, member)
  }

  delete(memberId: string): void {
    this.#members.delete(memberId)
  }

  promise(memberId: string, deadline: number): void {
    this.#promised.set(memberId, deadline)
  }

  isPromised(memberId: string): boolean {
    return this.#promised.has(memberId)
  }

  /** False: there was no such promise. */
  redeem(memberId: string): boolean {
    return this.#promised.delete(memberId)
  }

  /** Somebody is announced. */
  get isAwaiting(): boolean {
    return this.#promised.size > 0
  }

  lapse(now: number): void {
    for (const [memberId, deadline] of this.#promised) if (deadline <= now) this.#promised.delete(memberId)
  }

  /** When the first promise lapses or the first session ends; Infinity: never. */
  get nextDeadline(): number {
    let next = Infinity
    for (const deadline of this.#promised.values()) next = Math.min(next, deadline)
    for (const member of this.#members.values()) if (!isWaiting(member)) next = Math.min(next, member.sessionDeadline)
    return next
  }

  get allJoined(): boolean {
    if (this.isAwaiting) return false
    for (const member of this.#members.values()) if (member.joining === undefined) return false
    return true
  }

  get longestRebalanceMs(): number {
    return Math.max(0, ...this.all.map((member) => member.rebalanceTimeoutMs))
  }

  /** Undefined: the caller is who it says. */
  problemOf(memberId: string, instanceId: string | null): ErrorCode | undefined {
    if (instanceId !== null) {
      const owner = this.byInstance(instanceId)
      if (owner === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
      if (owner.memberId !== memberId) return ErrorCode.FENCED_INSTANCE_ID
    }
    return this.#members.has(memberId) ? undefined : ErrorCode.UNKNOWN_MEMBER_ID
  }

  /** The group's protocol type, and one protocol that all members speak. */
  suit(request: JoinRequest, protocolType: string | null): boolean {
    if (request.protocolType === '' || request.protocols.length === 0) return false
    const others = this.all.filter(
      (member) =>
        member.memberId !== request.memberId &&
        (request.instanceId === null || member.instanceId !== request.instanceId),
    )
    if (others.length === 0) return true
    if (request.protocolType !== protocolType) return false
    return request.protocols.some(({ name }) => others.every((member) => member.protocols.some((p) => p.name === name)))
  }
}

/** A member whose request we hold cannot send heartbeats on that connection. */
export function isWaiting(member: Member): boolean {
  return member.joining !== undefined || member.syncing !== undefined
}

export function touch(member: Member, now: number): void {
  member.sessionDeadline = now + member.sessionTimeoutMs
}
