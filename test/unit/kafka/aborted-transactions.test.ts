import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AbortedTransactions } from '../../../runtime/kafka/aborted-transactions.ts'
import { ATTRIBUTES } from '../../../runtime/kafka/records/record-batch.ts'

const batch = (producerId: number, baseOffset: number, attributes: number, count = 2) => ({
  producerId,
  baseOffset,
  lastOffset: baseOffset + count - 1,
  attributes,
  bytes: 100,
  magic: 2,
  baseTimestamp: 0,
  maxTimestamp: 0,
  producerEpoch: 0,
  baseSequence: 0,
  count,
})
const { transactional, control } = ATTRIBUTES

test('batches of an aborted transaction are left out until its marker, others of the producer are not', () => {
  const aborted = new AbortedTransactions([
    { producerId: 7, firstOffset: 20 },
    { producerId: 7, firstOffset: 0 },
  ])
  const seen = [
    batch(7, 0, transactional),
    batch(8, 2, transactional), // another producer, committed
    batch(7, 4, 0), // not transactional
    batch(7, 6, transactional),
    batch(7, 8, transactional | control, 1), // the abort marker
    batch(7, 10, transactional), // committed
    batch(7, 12, transactional | control, 1),
    batch(7, 20, transactional),
  ]
  assert.deepEqual(
    seen.map((each) => aborted.contains(each)),
    [true, false, false, true, false, false, false, true],
  )
})
