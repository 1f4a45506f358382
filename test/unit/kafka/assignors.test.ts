import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../runtime/kafka/consumer-protocol.ts'
import type { Assignment, Subscriber } from '../../../runtime/kafka/assignors/assignor.ts'
import { assignRanges } from '../../../runtime/kafka/assignors/range-assignor.ts'
import { assignRoundRobin } from '../../../runtime/kafka/assignors/round-robin-assignor.ts'
import { assignCooperatively, assignSticky } from '../../../runtime/kafka/assignors/sticky-assignor.ts'
import { DEFAULT_STRATEGIES, isCooperative, parseStrategies } from '../../../runtime/kafka/assignors/strategies.ts'
import { partitionName } from '../../../runtime/kafka/topic-partition.ts'

const names = (assignment: ReadonlyMap<string, readonly { topic: string; partition: number }[]>) =>
  Object.fromEntries(
    [...assignment].map(([member, list]) => [
      member,
      list.map(({ topic, partition }) => `${topic}${partition}`).join(' '),
    ]),
  )

test('ranges are as Java’s RangeAssignor hands them out', () => {
  const partitions = new Map([
    ['a', 3],
    ['b', 3],
  ])
  const both = ['a', 'b']
  const cases: readonly [Parameters<typeof assignRanges>[0], Record<string, string>][] = [
    [[], {}],
    [[{ memberId: 'm1', topics: both }], { m1: 'a0 a1 a2 b0 b1 b2' }],
    [
      [
        { memberId: 'm2', topics: both },
        { memberId: 'm1', topics: both },
      ],
      { m2: 'a2 b2', m1: 'a0 a1 b0 b1' },
    ],
    [
      [
        { memberId: 'm1', topics: ['a'] },
        { memberId: 'm2', topics: both },
      ],
      { m1: 'a0 a1', m2: 'a2 b0 b1 b2' },
    ],
    [[{ memberId: 'm1', topics: ['unknown'] }], { m1: '' }],
    [
      ['m1', 'm2', 'm3', 'm4'].map((memberId) => ({ memberId, topics: ['a'] })),
      { m1: 'a0', m2: 'a1', m3: 'a2', m4: '' },
    ],
  ]
  for (const [members, expected] of cases) assert.deepEqual(names(assignRanges(members, partitions)), expected)
})

test('every partition goes to exactly one of its subscribers', () => {
  for (let members = 1; members < 9; members++) {
    for (let count = 0; count < 20; count++) {
      const list = Array.from({ length: members }, (_, i) => ({ memberId: `m${i}`, topics: ['t'] }))
      const assignment = assignRanges(list, new Map([['t', count]]))
      const all = [...assignment.values()].flat().map(({ partition }) => partition)
      assert.deepEqual(
        all.sort((a, b) => a - b),
        Array.from({ length: count }, (_, i) => i),
      )
      const sizes = [...assignment.values()].map(({ length }) => length)
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1)
    }
  }
})

test('subscription and assignment have the bytes of the consumer protocol', () => {
  const nothing = { topics: ['ab'], owned: [], generation: -1 }
  assert.equal(
    encodeSubscription(nothing, 'range').toString('hex'),
    '0002' + '00000001' + '0002' + '6162' + 'ffffffff' + '00000000' + 'ffffffff',
  )
  const something = { topics: ['ab'], owned: [{ topic: 'ab', partition: 3 }], generation: 7 }
  const owned = '00000001' + '0002' + '6162' + '00000001' + '00000003'
  assert.equal(
    encodeSubscription(something, 'cooperative-sticky').toString('hex'),
    '0002' + '00000001' + '0002' + '6162' + '00000004' + '00000007' + owned + '00000007',
  )
  for (const strategy of ['range', 'cooperative-sticky', 'sticky'])
    assert.deepEqual(decodeSubscription(encodeSubscription(something, strategy), strategy), something)
  assert.equal(
    encodeAssignment([
      { topic: 'ab', partition: 1 },
      { topic: 'ab', partition: 2 },
    ]).toString('hex'),
    '0000' + '00000001' + '0002' + '6162' + '00000002' + '00000001' + '00000002' + 'ffffffff',
  )
  assert.deepEqual(decodeAssignment(Buffer.alloc(0)), [])
  // version 3 of a Java member: owned partitions, generation and rack follow what is read
  const java = Buffer.from('0003' + '00000001' + '0002' + '6162' + 'ffffffff' + '00000000' + 'ffffffff' + 'ffff', 'hex')
  assert.deepEqual(decodeSubscription(java), nothing)
  // version 1 of an older one, which tells the generation in user data
  const older = Buffer.from('0001' + '00000001' + '0002' + '6162' + '00000004' + '00000007' + owned, 'hex')
  assert.deepEqual(decodeSubscription(older, 'cooperative-sticky'), something)
  const first = Buffer.from('0000' + '00000001' + '0002' + '6162' + 'ffffffff', 'hex')
  assert.deepEqual(decodeSubscription(first, 'cooperative-sticky'), nothing)
})

test('round robin is as Java’s RoundRobinAssignor', () => {
  const partitions = new Map([
    ['a', 3],
    ['b', 3],
  ])
  const both = ['a', 'b']
  assert.deepEqual(
    names(
      assignRoundRobin(
        [
          { memberId: 'm2', topics: both },
          { memberId: 'm1', topics: both },
        ],
        partitions,
      ),
    ),
    { m2: 'a1 b0 b2', m1: 'a0 a2 b1' },
  )
  assert.deepEqual(
    names(
      assignRoundRobin(
        [
          { memberId: 'm1', topics: ['a'] },
          { memberId: 'm2', topics: both },
        ],
        partitions,
      ),
    ),
    { m1: 'a0 a2', m2: 'a1 b0 b1 b2' },
  )
})

test('static members come first and in the order of their instance ids', () => {
  const members = [
    { memberId: 'a', topics: ['t'] },
    { memberId: 'z', groupInstanceId: '1', topics: ['t'] },
    { memberId: 'y', groupInstanceId: '2', topics: ['t'] },
  ]
  assert.deepEqual(names(assignRanges(members, new Map([['t', 3]]))), { a: 't2', z: 't0', y: 't1' })
})

test('strategies go by Java’s class names, with and without package', () => {
  const parse = (text: string) => parseStrategies('partition.assignment.strategy', text).map(({ name }) => name)
  const java = 'org.apache.kafka.clients.consumer.'
  assert.deepEqual(parse(`${java}RangeAssignor, ${java}CooperativeStickyAssignor`), ['range', 'cooperative-sticky'])
  assert.deepEqual(parse('RoundRobinAssignor,sticky'), ['roundrobin', 'sticky'])
  for (const wrong of ['', 'constructor', 'com.example.Mine', 'range,RangeAssignor'])
    assert.throws(() => parse(wrong), { code: 'CONFIG' })
  assert.equal(isCooperative(DEFAULT_STRATEGIES), false)
  assert.equal(isCooperative(parseStrategies('', 'cooperative-sticky')), true)
})

describe('sticky assignments, over random groups', () => {
  const random = seeded(42)
  const below = (n: number): number => Math.floor(random() * n)

  /** Members come, go, change subscriptions; topics grow. */
  function* histories(sameTopics: boolean): Generator<{ members: Subscriber[]; partitions: Map<string, number> }> {
    for (let history = 0; history < 40; history++) {
      const topics = ['a', 'b', 'c', 'd'].slice(0, 1 + below(4))
      const partitions = new Map(topics.map((topic) => [topic, below(12)]))
      let members: Subscriber[] = []
      for (let step = 0; step < 8; step++) {
        if (members.length === 0 || random() < 0.6) {
          const own = sameTopics ? topics : topics.filter(() => random() < 0.7)
          members = [...members, { memberId: `m${history}-${step}`, topics: own.length > 0 ? own : topics }]
        } else members = members.filter((_, i) => i !== 0)
        if (members.length === 0) continue
        const grown = topics[below(topics.length)]!
        partitions.set(grown, partitions.get(grown)! + below(3))
        const next = { members, partitions }
        yield next
        members = next.members
      }
    }
  }

  const have = (members: readonly Subscriber[], assignment: Assignment, generation: number): Subscriber[] =>
    members.map((member) => ({ ...member, owned: assignment.get(member.memberId) ?? [], generation }))

  function assertValid(members: readonly Subscriber[], partitions: ReadonlyMap<string, number>, found: Assignment) {
    const seen = new Set<string>()
    for (const { memberId, topics } of members)
      for (const { topic, partition } of found.get(memberId)!) {
        assert.ok(topics.includes(topic) && partition < (partitions.get(topic) ?? 0))
        assert.ok(!seen.has(partitionName(topic, partition)), 'nobody has what another one has')
        seen.add(partitionName(topic, partition))
      }
    const wanted = new Set(members.flatMap(({ topics }) => topics))
    const total = [...wanted].reduce((sum, topic) => sum + (partitions.get(topic) ?? 0), 0)
    return { seen, total }
  }

  function assertBalanced(members: readonly Subscriber[], found: Assignment): void {
    for (const from of members)
      for (const { topic } of found.get(from.memberId)!)
        for (const to of members)
          if (to.topics.includes(topic))
            assert.ok(
              found.get(from.memberId)!.length - found.get(to.memberId)!.length <= 1,
              'no partition can move to somebody who has two less',
            )
  }

  for (const sameTopics of [true, false])
    test(`complete, without doubles, balanced${sameTopics ? ', with the fewest moves' : ''}: subscriptions ${sameTopics ? 'alike' : 'differ'}`, () => {
      let before: Assignment = new Map()
      for (const { members, partitions } of histories(sameTopics)) {
        const given = have(members, before, 1)
        const found = assignSticky(given, partitions)
        const { seen, total } = assertValid(members, partitions, found)
        assert.equal(seen.size, total)
        assertBalanced(members, found)
        if (sameTopics) {
          const low = Math.floor(total / members.length)
          const high = Math.ceil(total / members.length)
          const few = total % members.length
          const kept = members.map(({ memberId }) => {
            const owned = new Set((before.get(memberId) ?? []).map((each) => partitionName(each.topic, each.partition)))
            return found.get(memberId)!.filter((each) => owned.has(partitionName(each.topic, each.partition))).length
          })
          // at best each keeps what it had up to its share; as many as there are greater shares may keep one more
          const had = given.map(
            ({ owned }) => owned!.filter(({ topic, partition }) => partition < (partitions.get(topic) ?? 0)).length,
          )
          const greater = had.filter((count) => count > low).length
          const best =
            had.reduce((sum, count) => sum + Math.min(count, low), 0) + Math.min(greater, high > low ? few : 0)
          assert.equal(
            kept.reduce((sum, count) => sum + count, 0),
            best,
          )
        }
        before = found
      }
    })

  /** Rounds until all is assigned where it stays; two where subscriptions are alike. */
  for (const [sameTopics, rounds] of [
    [true, 2],
    [false, 5],
  ] as const)
    test(`cooperative: no round gives what another one still has, and ${rounds} are enough: subscriptions ${sameTopics ? 'alike' : 'differ'}`, () => {
      let before: Assignment = new Map()
      let generation = 0
      for (const { members, partitions } of histories(sameTopics)) {
        for (let round = 0; round < rounds; round++) {
          const holders = new Map<string, string>()
          for (const { memberId } of members)
            for (const { topic, partition } of before.get(memberId) ?? [])
              holders.set(partitionName(topic, partition), memberId)
          const next = assignCooperatively(have(members, before, generation++), partitions)
          for (const [memberId, list] of next)
            for (const { topic, partition } of list) {
              const holder = holders.get(partitionName(topic, partition))
              assert.ok(holder === undefined || holder === memberId)
            }
          before = next
        }
        const { seen, total } = assertValid(members, partitions, before)
        assert.equal(seen.size, total)
        assertBalanced(members, before)
        const again = assignCooperatively(have(members, before, generation), partitions)
        assert.deepEqual(names(again), names(before), 'one round more changes nothing')
      }
    })

  test('who claims a partition with an older generation does not have it', () => {
    const partition = { topic: 't', partition: 0 }
    const claim = (memberId: string, generation: number) => ({
      memberId,
      topics: ['t'],
      owned: [partition],
      generation,
    })
    assert.deepEqual(names(assignSticky([claim('a', 3), claim('b', 5)], new Map([['t', 1]]))), { a: '', b: 't0' })
    assert.deepEqual(names(assignCooperatively([claim('a', 5), claim('b', 5)], new Map([['t', 1]]))), { a: '', b: '' })
  })
})

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
