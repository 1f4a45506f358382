import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ErrorCode } from '../../../runtime/kafka/protocol/error-codes.ts'
import type { ErrorName } from '../../../runtime/kafka/protocol/error-codes.ts'
import { gravest, transactionVerdict } from '../../../runtime/kafka/transaction-verdict.ts'
import type { TransactionApi, Verdict } from '../../../runtime/kafka/transaction-verdict.ts'

const APIS: readonly TransactionApi[] = [
  'InitProducerId',
  'AddPartitionsToTxn',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
]

/** As the handlers of the Java client's TransactionManager judge, in the order of APIS. */
const EXPECTED: readonly (readonly [ErrorName, ...Verdict[]])[] = [
  ['NOT_COORDINATOR', 'coordinator', 'coordinator', 'coordinator', 'coordinator', 'coordinator'],
  ['COORDINATOR_NOT_AVAILABLE', 'coordinator', 'coordinator', 'coordinator', 'coordinator', 'coordinator'],
  ['NETWORK_EXCEPTION', 'coordinator', 'coordinator', 'coordinator', 'coordinator', 'coordinator'],
  ['REQUEST_TIMED_OUT', 'coordinator', 'coordinator', 'coordinator', 'coordinator', 'coordinator'],
  ['COORDINATOR_LOAD_IN_PROGRESS', 'retry', 'retry', 'retry', 'retry', 'retry'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'retry', 'retry', 'retry', 'retry', 'retry'],
  ['CONCURRENT_TRANSACTIONS', 'concurrent', 'concurrent', 'concurrent', 'concurrent', 'concurrent'],
  ['PRODUCER_FENCED', 'fenced', 'fenced', 'fenced', 'fenced', 'fenced'],
  ['INVALID_PRODUCER_EPOCH', 'fenced', 'fenced', 'fenced', 'fenced', 'fenced'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'fatal', 'fatal', 'fatal', 'fatal', 'fatal'],
  ['INVALID_TXN_STATE', 'fatal', 'fatal', 'fatal', 'fatal', 'fatal'],
  ['INVALID_TRANSACTION_TIMEOUT', 'fatal', 'fatal', 'fatal', 'fatal', 'fatal'],
  ['UNSUPPORTED_VERSION', 'fatal', 'fatal', 'fatal', 'fatal', 'fatal'],
  ['INVALID_PRODUCER_ID_MAPPING', 'fatal', 'abort', 'abort', 'abort', 'abort'],
  ['UNKNOWN_PRODUCER_ID', 'fatal', 'abort', 'abort', 'abort', 'abort'],
  ['TRANSACTION_ABORTABLE', 'fatal', 'abort', 'abort', 'abort', 'abort'],
  ['TOPIC_AUTHORIZATION_FAILED', 'fatal', 'abort', 'fatal', 'abort', 'fatal'],
  ['GROUP_AUTHORIZATION_FAILED', 'fatal', 'fatal', 'abort', 'abort', 'fatal'],
  ['ILLEGAL_GENERATION', 'fatal', 'fatal', 'fatal', 'abort', 'fatal'],
  ['UNKNOWN_MEMBER_ID', 'fatal', 'fatal', 'fatal', 'abort', 'fatal'],
  ['FENCED_INSTANCE_ID', 'fatal', 'fatal', 'fatal', 'abort', 'fatal'],
]

describe('verdicts on transactional answers', () => {
  for (const [name, ...verdicts] of EXPECTED)
    test(name, () => {
      assert.deepEqual(
        APIS.map((api) => transactionVerdict(api, ErrorCode[name])),
        verdicts,
      )
    })

  test('of several partitions the gravest code decides, and what was not attempted has no say', () => {
    const of = (...names: ErrorName[]) =>
      gravest(
        'AddPartitionsToTxn',
        names.map((name) => ErrorCode[name]),
      )
    assert.equal(of('NONE', 'NONE'), ErrorCode.NONE)
    assert.equal(of('OPERATION_NOT_ATTEMPTED', 'UNKNOWN_TOPIC_OR_PARTITION'), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(of('OPERATION_NOT_ATTEMPTED', 'NONE'), ErrorCode.OPERATION_NOT_ATTEMPTED)
    assert.equal(of('CONCURRENT_TRANSACTIONS', 'PRODUCER_FENCED', 'NOT_COORDINATOR'), ErrorCode.PRODUCER_FENCED)
    assert.equal(of('TOPIC_AUTHORIZATION_FAILED', 'COORDINATOR_LOAD_IN_PROGRESS'), ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  })
})
