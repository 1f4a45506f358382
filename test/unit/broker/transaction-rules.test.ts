import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { ErrorCode } from 'naru/protocol'

import { newTransaction } from '../../../embedded/kafka/transactions/transaction.ts'
import type {
  ProducerIdentity,
  Transaction,
  TransactionState,
} from '../../../embedded/kafka/transactions/transaction.ts'
import { decideAdd, decideEnd, decideInit } from '../../../embedded/kafka/transactions/transaction-rules.ts'

const ME: ProducerIdentity = { producerId: 7, producerEpoch: 3 }

function transaction(changes: Partial<Transaction> = {}): Transaction {
  return { ...newTransaction('t', 7, 0), timeoutMs: 1000, producerEpoch: 3, ...changes }
}

function outcome(decision: ReturnType<typeof decideEnd>): string | number {
  if (decision.kind === 'refused') return decision.errorCode
  return decision.kind === 'changed' ? decision.next.state : 'unchanged'
}

describe('the rules of transactions', () => {
  const { CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE } = ErrorCode
  const table: readonly (readonly [
    TransactionState,
    add: string | number,
    commit: string | number,
    abort: string | number,
  ])[] = [
    ['Empty', 'Ongoing', INVALID_TXN_STATE, INVALID_TXN_STATE],
    ['Ongoing', 'Ongoing', 'PrepareCommit', 'PrepareAbort'],
    ['PrepareCommit', CONCURRENT_TRANSACTIONS, CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE],
    ['PrepareAbort', CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE, CONCURRENT_TRANSACTIONS],
    ['CompleteCommit', 'Ongoing', 'unchanged', INVALID_TXN_STATE],
    ['CompleteAbort', 'Ongoing', INVALID_TXN_STATE, 'unchanged'],
  ]
  for (const [state, add, commit, abort] of table) {
    it(`in ${state}: add ${add}, commit ${commit}, abort ${abort}`, () => {
      const current = transaction({ state })
      assert.equal(outcome(decideAdd(current, ME, { partitions: ['a/0'] }, 1)), add)
      assert.equal(outcome(decideEnd(current, ME, true, 1)), commit)
      assert.equal(outcome(decideEnd(current, ME, false, 1)), abort)
    })
  }

  it('know who asks', () => {
    const ask = (producer: ProducerIdentity) => outcome(decideEnd(transaction({ state: 'Ongoing' }), producer, true, 1))
    assert.equal(ask({ ...ME, producerId: 8 }), ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    assert.equal(ask({ ...ME, producerEpoch: 2 }), ErrorCode.PRODUCER_FENCED)
    assert.equal(ask({ ...ME, producerEpoch: 4 }), ErrorCode.PRODUCER_FENCED)
    assert.equal(outcome(decideEnd(undefined, ME, true, 1)), ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  })

  const init = (current: Transaction | undefined, expected?: ProducerIdentity) => {
    const request = { transactionalId: 't', timeoutMs: 1000, expected }
    const decision = decideInit(current, request, () => 99, 1)
    if (decision.kind === 'refused') return decision.errorCode
    const { producerId, producerEpoch, lastProducerEpoch } =
      decision.kind === 'changed' ? decision.next : decision.fenced
    return [decision.kind, producerId, producerEpoch, lastProducerEpoch]
  }

  it('give the next epoch to whoever comes, and to who goes on', () => {
    assert.deepEqual(init(undefined), ['changed', 99, 0, -1])
    assert.deepEqual(init(transaction()), ['changed', 7, 4, -1])
    assert.deepEqual(init(transaction(), ME), ['changed', 7, 4, 3])
    assert.deepEqual(init(transaction({ producerEpoch: 4, lastProducerEpoch: 3 }), ME), ['changed', 7, 4, 3])
    assert.equal(init(transaction({ producerEpoch: 5 }), ME), ErrorCode.PRODUCER_FENCED)
    assert.equal(init(transaction(), { ...ME, producerId: 6 }), ErrorCode.PRODUCER_FENCED)
  })

  it('abort what is open first', () => {
    assert.deepEqual(init(transaction({ state: 'Ongoing' })), ['abort-first', 7, 4, -1])
    assert.deepEqual(init(transaction({ state: 'Ongoing' }), ME), ['abort-first', 7, 4, 3])
    assert.equal(init(transaction({ state: 'Ongoing', producerEpoch: 4 }), ME), ErrorCode.PRODUCER_FENCED)
    assert.equal(init(transaction({ state: 'PrepareAbort' })), CONCURRENT_TRANSACTIONS)
  })

  it('go on under another producer id when the epochs are used up', () => {
    const last = 0x7ffe
    assert.deepEqual(init(transaction({ producerEpoch: last })), ['changed', 99, 0, -1])
    assert.deepEqual(init(transaction({ producerEpoch: last }), { ...ME, producerEpoch: last }), [
      'changed',
      99,
      0,
      last,
    ])
    const rotated = transaction({ producerId: 99, producerEpoch: 0, lastProducerEpoch: last, previousProducerId: 7 })
    assert.deepEqual(init(rotated, { ...ME, producerEpoch: last }), ['changed', 99, 0, last], 'asked twice')
    assert.equal(init(rotated, ME), ErrorCode.PRODUCER_FENCED)
    const fenced = transaction({ producerEpoch: 0x7fff, lastProducerEpoch: last, state: 'CompleteAbort' })
    assert.deepEqual(init(fenced, { ...ME, producerEpoch: last }), ['changed', 99, 0, last])
    assert.deepEqual(init(fenced), ['changed', 99, 0, -1])
  })
})
