import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_HEADERS } from '../../../runtime/api/index.ts'
import type { SourceRecord } from '../../../runtime/api/index.ts'
import { TransactionMarks } from '../../../runtime/task/transaction-marks.ts'

function record(): SourceRecord {
  return {
    topic: 't',
    partition: 3,
    keySchema: undefined,
    key: null,
    valueSchema: undefined,
    value: null,
    timestamp: undefined,
    headers: NO_HEADERS,
    sourcePartition: {},
    sourceOffset: {},
  }
}

describe('TransactionMarks', () => {
  it('are carried out once', () => {
    const marks = new TransactionMarks()
    const [first, second] = [record(), record()]
    marks.commitTransaction(first)
    marks.abortTransaction(second)
    marks.commitTransaction()
    assert.equal(marks.hasRecords, true)
    assert.equal(marks.takeOf(record()), undefined)
    assert.equal(marks.takeOf(first), 'commit')
    assert.equal(marks.takeOf(first), undefined)
    assert.equal(marks.takeOf(second), 'abort')
    assert.equal(marks.hasRecords, false)
    assert.equal(marks.takeOfBatch(), 'commit')
    assert.equal(marks.takeOfBatch(), undefined)
  })

  it('cannot say both of the same place', () => {
    const marks = new TransactionMarks()
    const both = record()
    marks.commitTransaction(both)
    marks.abortTransaction(both)
    assert.throws(
      () => marks.takeOf(both),
      /Connector requested both commit and abort of same record against topic\/partition t\/3/,
    )
    marks.abortTransaction()
    marks.commitTransaction()
    assert.throws(() => marks.takeOfBatch(), /Connector requested both commit and abort of same transaction/)
  })
})
