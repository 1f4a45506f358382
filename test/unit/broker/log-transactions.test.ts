import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LogTransactions } from '../../../embedded/kafka/log/log-transactions.ts'

describe('the transactions of a partition', () => {
  it('stay open until their marker is written, not only appended: else a reader would see what a kill may undo', () => {
    const transactions = new LogTransactions()
    transactions.began(1, 10)
    transactions.began(2, 12)
    transactions.ended(1, true, 20)
    assert.equal(transactions.firstUnstable, 10)
    transactions.written()
    assert.equal(transactions.firstUnstable, 12)
    transactions.ended(2, false, 21)
    assert.equal(transactions.firstUnstable, 12)
    transactions.written()
    assert.equal(transactions.firstUnstable, undefined)
    assert.deepEqual(transactions.abortedBetween(0, 30), [{ producerId: 2, firstOffset: 12, lastOffset: 21 }])
  })

  it('are decided in any order: the oldest that is open counts', () => {
    const transactions = new LogTransactions()
    for (const [producer, offset] of [
      [1, 10],
      [2, 12],
      [3, 14],
    ] as const)
      transactions.began(producer, offset)
    transactions.ended(3, true, 20)
    transactions.ended(2, true, 21)
    assert.equal(transactions.firstUnstable, 10)
    transactions.ended(1, true, 22)
    assert.equal(transactions.firstUnstable, 10)
    transactions.written()
    assert.equal(transactions.firstUnstable, undefined)
  })
})
