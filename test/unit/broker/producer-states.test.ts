import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { readHeader } from '../../../embedded/kafka/log/batch-header.ts'
import { ProducerStates } from '../../../embedded/kafka/log/producer-states.ts'
import type { SequenceCheck } from '../../../embedded/kafka/log/producer-states.ts'
import { rawBatch } from './raw-batch.ts'

type Sent = readonly [epoch: number, baseSequence: number, count: number]

const header = ([producerEpoch, baseSequence, count]: Sent) =>
  readHeader(rawBatch({ producerId: 1, producerEpoch, baseSequence, count }), 0)

function after(...sent: Sent[]): ProducerStates {
  const states = new ProducerStates()
  let offset = 0
  for (const one of sent) {
    states.record(header(one), offset, 0)
    offset += one[2]
  }
  return states
}

const six: Sent[] = [0, 10, 20, 30, 40, 50].map((sequence) => [0, sequence, 10] as const)
const MAX = 0x7fffffff

const cases: readonly (readonly [
  title: string,
  before: readonly Sent[],
  next: Sent,
  expected: SequenceCheck['kind'],
])[] = [
  ['an unknown producer starts at 0', [], [0, 0, 1], 'accepted'],
  ['an unknown producer starts anywhere', [], [3, 500, 1], 'accepted'],
  ['the next sequence', [[0, 0, 10]], [0, 10, 5], 'accepted'],
  ['a gap', [[0, 0, 10]], [0, 11, 5], 'out-of-order'],
  ['an overlap that is no duplicate', [[0, 0, 10]], [0, 5, 10], 'out-of-order'],
  ['the last batch again', six, [0, 50, 10], 'duplicate'],
  ['the fifth last batch again', six, [0, 10, 10], 'duplicate'],
  ['a batch older than five', six, [0, 0, 10], 'out-of-order'],
  ['a newer epoch from 0', [[0, 0, 10]], [1, 0, 1], 'accepted'],
  ['a newer epoch not from 0', [[0, 0, 10]], [1, 10, 1], 'out-of-order'],
  [
    'a batch as the epoch before had it',
    [
      [0, 0, 10],
      [1, 0, 5],
    ],
    [1, 0, 10],
    'out-of-order',
  ],
  ['an older epoch', [[2, 0, 10]], [1, 10, 1], 'old-epoch'],
  ['a wrap to 0', [[0, MAX - 9, 10]], [0, 0, 1], 'accepted'],
  ['a wrap inside a batch', [[0, MAX - 4, 10]], [0, 5, 1], 'accepted'],
]

describe('the sequence check of an idempotent producer', () => {
  for (const [title, before, next, expected] of cases) {
    it(`${title}: ${expected}`, () => assert.equal(after(...before).check(header(next)).kind, expected))
  }

  it('answers a duplicate with the offset of the original', () => {
    assert.deepEqual(after(...six).check(header([0, 30, 10])), { kind: 'duplicate', baseOffset: 30, timestamp: 1_000 })
  })

  it('remembers which coordinator ended its last transaction', () => {
    const states = after([1, 0, 10])
    const marker = { producerId: 7, producerEpoch: 1, coordinatorEpoch: 0, transactionVersion: 1 }
    const producerId = states.active()[0]!.producerId
    assert.equal(
      states.checkMarker({ ...marker, producerId, coordinatorEpoch: -1 }),
      'accepted',
      'none before the first',
    )
    states.ended(producerId, 1, 4, 1_000)
    const restored = ProducerStates.restore(JSON.parse(JSON.stringify(states.snapshot())))
    restored.record(header([2, 0, 1]), 90, 1_000)
    const check = (producerEpoch: number, coordinatorEpoch: number) =>
      restored.checkMarker({ ...marker, producerId, producerEpoch, coordinatorEpoch })
    assert.deepEqual([check(2, 3), check(2, 4), check(1, 4)], ['old-coordinator', 'accepted', 'old-epoch'])
    assert.equal(restored.active()[0]!.coordinatorEpoch, 4)
  })

  it('lets a marker of a newer epoch fence its producer, and one of its own epoch not', () => {
    const states = after([1, 0, 10])
    const producerId = states.active()[0]!.producerId
    states.ended(producerId, 1, 0, 1_000)
    assert.equal(states.check(header([1, 10, 5])).kind, 'accepted')
    states.ended(producerId, 2, 0, 1_000)
    assert.equal(states.check(header([1, 10, 5])).kind, 'old-epoch')
    assert.equal(states.check(header([2, 0, 5])).kind, 'accepted')
  })

  it('survives a snapshot', () => {
    const restored = ProducerStates.restore(JSON.parse(JSON.stringify(after(...six).snapshot())))
    assert.equal(restored.check(header([0, 50, 10])).kind, 'duplicate')
    assert.equal(restored.check(header([0, 60, 10])).kind, 'accepted')
  })

  it('forgets silent producers', () => {
    const states = after([0, 0, 10])
    states.expire(1)
    assert.equal(states.size, 0)
  })
})
