import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../runtime/kafka/consumer-protocol.ts'
import { assignRanges } from '../../../runtime/kafka/range-assignor.ts'

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
  assert.equal(encodeSubscription(['ab']).toString('hex'), '0000' + '00000001' + '0002' + '6162' + 'ffffffff')
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
  assert.deepEqual(decodeSubscription(java), ['ab'])
})
