import { ErrorCode, isRetriable } from './protocol/index.ts'

export type TransactionApi = 'InitProducerId' | 'AddPartitionsToTxn' | 'AddOffsetsToTxn' | 'TxnOffsetCommit' | 'EndTxn'

/**
 * `coordinator`: look the coordinator up again and repeat · `concurrent`: the transaction before is not quite over, repeat at once ·
 * `retry`: repeat after a pause · `abort`: the transaction can only be aborted · `fenced`: a newer epoch exists · `fatal`: refused for good
 */
export type Verdict = 'coordinator' | 'concurrent' | 'retry' | 'abort' | 'fenced' | 'fatal'

/** These spoil one transaction and leave the producer usable (TransactionManager of the Java client, handlers of each response). */
const SPOILS: Readonly<Record<TransactionApi, ReadonlySet<number>>> = {
  InitProducerId: new Set(),
  AddPartitionsToTxn: new Set([
    ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ErrorCode.OPERATION_NOT_ATTEMPTED,
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    ErrorCode.UNKNOWN_SERVER_ERROR,
  ]),
  AddOffsetsToTxn: new Set([ErrorCode.GROUP_AUTHORIZATION_FAILED, ErrorCode.INVALID_GROUP_ID]),
  TxnOffsetCommit: new Set([
    ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ErrorCode.INVALID_GROUP_ID,
    ErrorCode.FENCED_INSTANCE_ID,
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.ILLEGAL_GENERATION,
    ErrorCode.STALE_MEMBER_EPOCH,
    ErrorCode.REBALANCE_IN_PROGRESS,
    ErrorCode.OFFSET_METADATA_TOO_LARGE,
    ErrorCode.INVALID_COMMIT_OFFSET_SIZE,
  ]),
  EndTxn: new Set(),
}

/** The broker has forgotten the id or asks for the end of this transaction; a raised epoch goes on. */
const SPOILS_ANYWHERE: ReadonlySet<number> = new Set<number>([
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
  ErrorCode.TRANSACTION_ABORTABLE,
])

/** What an error code in the answer of one of these APIs means for the producer. */
export function transactionVerdict(api: TransactionApi, code: number): Verdict {
  switch (code) {
    case ErrorCode.NOT_COORDINATOR:
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
    case ErrorCode.NETWORK_EXCEPTION:
    case ErrorCode.REQUEST_TIMED_OUT:
      return 'coordinator'
    case ErrorCode.CONCURRENT_TRANSACTIONS:
      return 'concurrent'
    case ErrorCode.INVALID_PRODUCER_EPOCH: // the name of PRODUCER_FENCED before version 4 of InitProducerId, 2 of the others
    case ErrorCode.PRODUCER_FENCED:
      return 'fenced'
  }
  if (SPOILS[api].has(code) || (api !== 'InitProducerId' && SPOILS_ANYWHERE.has(code))) return 'abort'
  return isRetriable(code) ? 'retry' : 'fatal'
}

const GRAVITY: readonly Verdict[] = ['retry', 'concurrent', 'coordinator', 'abort', 'fatal', 'fenced']

/** The code that decides when the partitions of one answer have different ones; NONE when all are. */
export function gravest(api: TransactionApi, codes: Iterable<number>): number {
  let decides: number = ErrorCode.NONE
  let refused = false
  for (const code of codes) {
    if (code === ErrorCode.NONE) continue
    // said of partitions that were not tried because another one failed: the other one's code tells why
    if (code === ErrorCode.OPERATION_NOT_ATTEMPTED) refused = true
    else if (decides === ErrorCode.NONE || rank(api, code) > rank(api, decides)) decides = code
  }
  return decides === ErrorCode.NONE && refused ? ErrorCode.OPERATION_NOT_ATTEMPTED : decides
}

function rank(api: TransactionApi, code: number): number {
  return GRAVITY.indexOf(transactionVerdict(api, code))
}
