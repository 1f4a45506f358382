import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConnectError, errorCode } from '../../../runtime/api/index.ts'
import { KafkaError } from '../../../runtime/kafka/kafka-errors.ts'
import { ErrorCode } from '../../../runtime/kafka/protocol/index.ts'
import { transactionError } from '../../../runtime/task/transaction-errors.ts'

const DOING = 'Failed to flush offsets and/or records for task c-0'

function told(error: unknown, ageMs: number): ConnectError {
  return transactionError(error, { task: 'c-0', doing: DOING, ageMs, timeoutMs: 60_000 })
}

describe('Errors of transactions', () => {
  const fenced = new KafkaError(ErrorCode.PRODUCER_FENCED, 'commit the transaction')

  it('are fencing by another producer while the transaction is young', () => {
    const error = told(new ConnectError('wrapped', { cause: fenced }), 100)
    assert.equal(error.message, DOING)
    assert.equal(errorCode(error), 'FENCED')
  })

  it('name the ways out when the transaction has outlived its timeout', () => {
    const { message } = told(new KafkaError(ErrorCode.INVALID_PRODUCER_EPOCH, 'produce to t-0'), 60_001)
    assert.match(
      message,
      /^The task c-0 was unable to finish writing records to Kafka before its producer transaction expired\./,
    )
    assert.match(
      message,
      /increase the transaction timeout for the connector's producers \(producer\.override\.transaction\.timeout\.ms, now 60000\)/,
    )
    assert.match(message, /or use the 'poll' transaction boundary/)
  })

  it('keep what else went wrong as their cause', () => {
    const cause = new KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'produce to t-0')
    const error = told(cause, 70_000)
    assert.equal(error.message, DOING)
    assert.equal(error.cause, cause)
    assert.equal(errorCode(error), 'CONNECT')
  })
})
