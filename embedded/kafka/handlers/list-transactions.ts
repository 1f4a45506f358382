import { APIS, ErrorCode } from 'naru/protocol'

import type { Transaction } from '../transactions/transaction.ts'
import { handler } from './handler.ts'

/** The last two are never seen from outside, but asked for (KIP-664). */
const STATES: readonly string[] = [
  ...['Empty', 'Ongoing', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit', 'CompleteAbort'],
  ...['Dead', 'PrepareEpochFence'],
]
const ANY_DURATION = -1

export const listTransactions = handler({
  api: APIS.ListTransactions,

  handle({ stateFilters, producerIdFilters, durationFilter, transactionalIdPattern }, call) {
    const pattern = wholeName(transactionalIdPattern)
    if (pattern === 'invalid')
      return { errorCode: ErrorCode.INVALID_REGULAR_EXPRESSION, unknownStateFilters: [], transactionStates: [] }
    const now = Date.now()
    const admits = ({ state, producerId, startedAt, transactionalId }: Transaction): boolean =>
      (stateFilters.length === 0 || stateFilters.includes(state)) &&
      (producerIdFilters.length === 0 || producerIdFilters.includes(producerId)) &&
      (durationFilter <= ANY_DURATION || now - startedAt > durationFilter) &&
      (pattern === undefined || pattern.test(transactionalId))
    return {
      errorCode: ErrorCode.NONE,
      unknownStateFilters: stateFilters.filter((state) => !STATES.includes(state)),
      transactionStates: call.broker.transactions
        .all()
        .filter(admits)
        .map(({ transactionalId, producerId, state }) => ({ transactionalId, producerId, transactionState: state })),
    }
  },

  failed: (_request, errorCode) => ({ errorCode, unknownStateFilters: [], transactionStates: [] }),
})

function wholeName(pattern: string | null): RegExp | 'invalid' | undefined {
  if (pattern === null || pattern === '') return undefined
  try {
    return new RegExp(`^(?:${pattern})$`, 'v')
  } catch {
    return 'invalid'
  }
}
