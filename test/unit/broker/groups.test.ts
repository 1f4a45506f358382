import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { ErrorCode } from 'naru/protocol'

import { Group } from '../../../embedded/kafka/groups/group.ts'
import type { GroupState, JoinReply, JoinRequest, SyncReply } from '../../../embedded/kafka/groups/group-types.ts'

const SESSION_MS = 10_000
const REBALANCE_MS = 60_000

/** A group with a clock in the test's hand. */
class Lab {
  now = 0
  readonly group: Group
  #ids = 0

  constructor(initialRebalanceDelayMs = 0) {
    this.group = new Group({ groupId: 'g', initialRebalanceDelayMs, newId: () => String(++this.#ids) })
  }

  join(options: Partial<JoinRequest> = {}, protocols = ['range']): Answer<JoinReply> {
    const answer = new Answer<JoinReply>()
    const request: JoinRequest = {
      memberId: '',
      instanceId: null,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      protocolType: 'consumer',
      protocols: protocols.map((name) => ({ name, metadata: Buffer.from(`${name} of ${options.memberId}`) })),
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      idRequired: false,
      knowsSkipping: false,
      ...options,
    }
    this.group.join(request, this.now, (reply) => answer.set(reply))
    return answer
  }

  sync(memberId: string, generation: number, assignments: Record<string, string> = {}): Answer<SyncReply> {
    const answer = new Answer<SyncReply>()
    const bytes = new Map(Object.entries(assignments).map(([id, text]) => [id, Buffer.from(text)]))
    const request = { memberId, instanceId: null, generation, protocolType: null, protocol: null, assignments: bytes }
    this.group.sync(request, this.now, (reply) => answer.set(reply))
    return answer
  }

  heartbeat(memberId: string, generation: number): number {
    return this.group.heartbeat(memberId, null, generation, this.now)
  }

  /** Lets time pass, deadline by deadline, as the coordinator's timer would. */
  pass(ms: number): void {
    const end = this.now + ms
    while (this.group.nextDeadline() <= end) {
      this.now = Math.max(this.now, this.group.nextDeadline())
      this.group.tick(this.now)
    }
    this.now = end
  }

  /** One member in a stable group; its id. */
  stable(): string {
    const { memberId } = this.join().value
    this.sync(memberId, 1, { [memberId]: 'all' })
    return memberId
  }
}

class Answer<T> {
  #value: T | undefined
  set(value: T): void {
    assert.equal(this.#value, undefined, 'answered twice')
    this.#value = value
  }
  get pending(): boolean {
    return this.#value === undefined
  }
  get value(): T {
    assert.ok(this.#value !== undefined, 'not answered')
    return this.#value
  }
}

describe('a classic group', () => {
  it('takes one member through join and sync to stable', () => {
    const lab = new Lab()
    const joined = lab.join().value
    assert.deepEqual(
      [
        joined.errorCode,
        joined.generation,
        joined.protocol,
        joined.leaderId === joined.memberId,
        joined.members.length,
      ],
      [0, 1, 'range', true, 1],
    )
    assert.equal(lab.group.state, 'CompletingRebalance')
    const synced = lab.sync(joined.memberId, 1, { [joined.memberId]: 'all' }).value
    assert.equal(synced.assignment.toString(), 'all')
    assert.equal(lab.group.state, 'Stable')
  })

  it('asks a new member to come back with its id', () => {
    const lab = new Lab()
    const first = lab.join({ idRequired: true }).value
    assert.equal(first.errorCode, 79)
    assert.equal(lab.group.members.length, 0)
    const second = lab.join({ idRequired: true, memberId: first.memberId }).value
    assert.deepEqual([second.errorCode, second.memberId], [0, first.memberId])
  })

  it('forgets an id that did not come back in time', () => {
    const lab = new Lab()
    const { memberId } = lab.join({ idRequired: true }).value
    lab.pass(SESSION_MS)
    assert.equal(lab.join({ memberId }).value.errorCode, 25)
    assert.ok(lab.group.isIdle)
  })

  it('rebalances when a second member comes: the first is told by its heartbeat, both join, the leader assigns', () => {
    const lab = new Lab()
    const a = lab.stable()
    const second = lab.join()
    assert.ok(second.pending)
    assert.equal(lab.heartbeat(a, 1), 27)
    const again = lab.join({ memberId: a }).value
    const b = second.value.memberId
    assert.deepEqual([again.generation, again.leaderId, again.members.map((m) => m.memberId)], [2, a, [a, b]])
    assert.deepEqual(second.value.members, [], 'only the leader sees the members')
    const waiting = lab.sync(b, 2)
    assert.ok(waiting.pending)
    assert.equal(lab.sync(a, 2, { [a]: 'A', [b]: 'B' }).value.assignment.toString(), 'A')
    assert.equal(waiting.value.assignment.toString(), 'B')
    assert.equal(lab.heartbeat(b, 2), 0)
  })

  it('goes on without a member that did not join again within the rebalance timeout', () => {
    const lab = new Lab()
    const a = lab.stable()
    const second = lab.join()
    for (let ms = 0; ms < REBALANCE_MS; ms += 5000) {
      assert.equal(lab.heartbeat(a, 1), 27)
      lab.pass(5000)
    }
    assert.deepEqual([second.value.errorCode, second.value.generation, second.value.members.length], [0, 2, 1])
    assert.equal(lab.heartbeat(a, 1), 25)
  })

  it('removes a member that sends no heartbeat', () => {
    const lab = new Lab()
    const a = lab.stable()
    lab.pass(SESSION_MS - 1)
    assert.equal(lab.heartbeat(a, 1), 0)
    lab.pass(SESSION_MS)
    assert.deepEqual([lab.group.state, lab.group.members.length], ['Empty', 0])
    assert.equal(lab.heartbeat(a, 1), 25)
    assert.equal(lab.group.nextDeadline(), Infinity)
  })

  it('removes members that joined but never ask for their assignment', () => {
    const lab = new Lab()
    const a = lab.stable()
    const second = lab.join()
    lab.join({ memberId: a })
    const b = second.value.memberId
    const waiting = lab.sync(b, 2)
    // the leader stays alive but does not sync
    for (let ms = 0; ms < REBALANCE_MS; ms += 5000) {
      lab.heartbeat(a, 2)
      lab.pass(5000)
    }
    assert.equal(waiting.value.errorCode, 27)
    assert.equal(lab.heartbeat(a, 2), 25)
  })

  it('lets a member leave at once', () => {
    const lab = new Lab()
    const a = lab.stable()
    assert.equal(lab.group.leave(a, null, 0), 0)
    assert.equal(lab.group.state, 'Empty')
    assert.equal(lab.group.leave(a, null, 0), 25)
  })

  it('gives a follower that joins again unchanged its place without a rebalance, the leader a new one', () => {
    const lab = new Lab()
    const a = lab.stable()
    const second = lab.join()
    lab.join({ memberId: a })
    const b = second.value.memberId
    lab.sync(a, 2, { [a]: 'A', [b]: 'B' })
    const again = lab.join({ memberId: b, protocols: [{ name: 'range', metadata: Buffer.from('range of undefined') }] })
    assert.equal(again.value.generation, 2)
    assert.equal(lab.group.state, 'Stable')
    lab.join({ memberId: a })
    assert.equal(lab.group.state, 'PreparingRebalance')
  })

  it('takes the protocol that all speak and most prefer', () => {
    const lab = new Lab()
    const a = lab.join({}, ['sticky', 'range', 'old']).value.memberId
    const second = lab.join({}, ['range', 'sticky'])
    const third = lab.join({}, ['range', 'sticky'])
    assert.equal(lab.join({ memberId: a }, ['sticky', 'range', 'old']).value.protocol, 'range')
    assert.equal(second.value.protocol, 'range')
    assert.equal(third.value.protocol, 'range')
  })

  it('refuses another protocol type, and protocols that the others do not speak', () => {
    const lab = new Lab()
    lab.stable()
    assert.equal(lab.join({ protocolType: 'connect' }).value.errorCode, 23)
    assert.equal(lab.join({}, ['sticky']).value.errorCode, 23)
    assert.equal(lab.join({}, []).value.errorCode, 23)
  })

  it('waits for more members of a new group when told to', () => {
    const lab = new Lab(3000)
    const first = lab.join()
    lab.pass(2999)
    const second = lab.join()
    assert.ok(first.pending)
    lab.pass(1)
    assert.equal(first.value.generation, 1)
    assert.equal(second.value.generation, 1)
  })

  it('gives a static member that comes back its assignment and fences its old self', () => {
    const lab = new Lab()
    const protocols = [{ name: 'range', metadata: Buffer.from('m') }]
    const old = lab.join({ instanceId: 'i', protocols }).value.memberId
    lab.sync(old, 1, { [old]: 'mine' })
    const again = lab.join({ instanceId: 'i', protocols }).value
    assert.deepEqual([again.errorCode, again.generation, again.leaderId], [0, 1, ''])
    assert.equal(lab.group.state, 'Stable')
    assert.equal(lab.sync(again.memberId, 1).value.assignment.toString(), 'mine')
    assert.equal(lab.group.heartbeat(old, 'i', 1, 0), 82)
  })

  it('tells a static leader that comes back to look, not to assign; another subscription of it is no rebalance', () => {
    const lab = new Lab()
    const protocols = [{ name: 'range', metadata: Buffer.from('m') }]
    const leader = lab.join({ instanceId: 'i', protocols }).value.memberId
    const joining = lab.join({ instanceId: 'j', protocols })
    const rejoined = lab.join({ memberId: leader, instanceId: 'i', protocols }).value
    const follower = joining.value.memberId
    lab.group.sync(
      {
        ...{ memberId: leader, instanceId: 'i', generation: rejoined.generation, protocolType: null, protocol: null },
        assignments: new Map([
          [leader, Buffer.from('a')],
          [follower, Buffer.from('b')],
        ]),
      },
      0,
      () => undefined,
    )
    const other = [{ name: 'range', metadata: Buffer.from('other') }]
    const again = lab.join({ instanceId: 'i', protocols: other, knowsSkipping: true }).value
    assert.deepEqual(
      [again.skipAssignment, again.leaderId, again.generation],
      [true, again.memberId, rejoined.generation],
    )
    assert.deepEqual(again.members.map(({ metadata }) => metadata.toString()).sort(), ['m', 'other'])
    const back = lab.join({ instanceId: 'j', protocols: other, knowsSkipping: true }).value
    assert.deepEqual([back.skipAssignment, back.leaderId, back.members], [false, again.memberId, []])
    assert.equal(lab.group.state, 'Stable')
    assert.equal(lab.group.mayCommit(follower, 'j', rejoined.generation, 0), 82)
    lab.join({ instanceId: 'j', protocols: [{ name: 'other', metadata: Buffer.from('m') }] })
    assert.equal(lab.group.state, 'Stable', 'with a protocol that nobody else speaks it is not let in')
    const both = [{ name: 'cooperative-sticky', metadata: Buffer.from('c') }, ...protocols]
    lab.join({ instanceId: 'j', protocols: both })
    assert.equal(lab.group.state, 'Stable')
  })

  it('waits for static members as long as their sessions last, also when all are away', () => {
    const lab = new Lab()
    const protocols = [{ name: 'range', metadata: Buffer.from('m') }]
    const old = lab.join({ instanceId: 'i', protocols, sessionTimeoutMs: 200_000 }).value.memberId
    lab.sync(old, 1, { [old]: 'mine' })
    const joining = lab.join({ protocols })
    lab.pass(1)
    assert.equal(lab.group.state, 'PreparingRebalance')
    lab.group.leave(lab.group.members[1]!.memberId, null, lab.now)
    void joining
    lab.pass(100_000)
    assert.deepEqual([lab.group.state, lab.group.members.length], ['PreparingRebalance', 1])
    const again = lab.join({ instanceId: 'i', protocols }).value
    assert.deepEqual([again.errorCode, again.leaderId], [0, again.memberId])
  })

  it('lets an operator remove a static member by its instance id', () => {
    const lab = new Lab()
    lab.join({ instanceId: 'i' })
    assert.equal(lab.group.leave('', 'i', 0), 0)
    assert.equal(lab.group.state, 'Empty')
  })

  const commits: readonly (readonly [string, GroupState, (lab: Lab, a: string) => number, number])[] = [
    ['a member of this generation', 'Stable', (lab, a) => lab.group.mayCommit(a, null, 1, 0), 0],
    ['a member of an old generation', 'Stable', (lab, a) => lab.group.mayCommit(a, null, 0, 0), 22],
    ['a stranger', 'Stable', (lab) => lab.group.mayCommit('x', null, 1, 0), 25],
    ['a tool while members are there', 'Stable', (lab) => lab.group.mayCommit('', null, -1, 0), 25],
    [
      'a member while others join',
      'PreparingRebalance',
      (lab, a) => (lab.join(), lab.group.mayCommit(a, null, 1, 0)),
      0,
    ],
    [
      'a tool when nobody is there',
      'Empty',
      (lab, a) => (lab.group.leave(a, null, 0), lab.group.mayCommit('', null, -1, 0)),
      0,
    ],
  ]
  for (const [who, state, commit, expected] of commits) {
    it(`answers a commit of ${who} with ${expected}`, () => {
      const lab = new Lab()
      const a = lab.stable()
      assert.equal(commit(lab, a), expected)
      assert.equal(lab.group.state, state)
    })
  }

  it('refuses commits between join and sync', () => {
    const lab = new Lab()
    const { memberId } = lab.join().value
    assert.equal(lab.group.mayCommit(memberId, null, 1, 0), 27)
  })

  it('is restored with its members, who have some time to come back', () => {
    const before = new Lab()
    const { memberId: a } = before.join().value
    before.join({ clientId: 'd' })
    const [, { memberId: b }] = before.group.members as [unknown, { memberId: string }]
    before.join({ memberId: a })
    before.sync(b, 2)
    before.sync(a, 2, { [a]: 'left', [b]: 'right' })
    assert.equal(before.group.state, 'Stable')

    const options = { groupId: 'g', initialRebalanceDelayMs: 0, newId: () => 'x' }
    const group = Group.restored(options, before.group.settledAs!, 1_000, 6_000)
    assert.equal(group.heartbeat(a, null, 2, 2_000), ErrorCode.NONE)
    assert.equal(group.mayCommit(b, null, 2, 2_000), ErrorCode.NONE)
    assert.equal(group.nextDeadline(), 2_000 + SESSION_MS)

    const lonely = Group.restored(options, before.group.settledAs!, 1_000, 6_000)
    assert.equal(lonely.heartbeat(a, null, 2, 2_000), ErrorCode.NONE)
    lonely.tick(7_000)
    assert.deepEqual(
      lonely.members.map(({ memberId }) => memberId),
      [a],
    )
    assert.equal(lonely.heartbeat(a, null, 2, 7_000), ErrorCode.REBALANCE_IN_PROGRESS)
  })
})
