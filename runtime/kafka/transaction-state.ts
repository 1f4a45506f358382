import { ConnectError } from '../api/errors.ts'

/** Inside, more finely than callers see: `publicState` says how they see it. */
export type InnerState =
  'uninitialized' | 'initializing' | 'ready' | 'open' | 'committing' | 'abortable' | 'aborting' | 'fenced' | 'closed'

/**
 * `fenced`: nothing more can be done with this producer, since a newer epoch of its transactional.id exists or the broker refuses it for
 * good; `failure` says which. `abortable`: abort() and go on.
 */
export type TransactionalState = 'uninitialized' | 'ready' | 'in-transaction' | 'abortable' | 'fenced' | 'closed'

/** What callers do, then what comes of it. */
export const TRANSACTION_EVENTS = [
  'init',
  'begin',
  'send',
  'commit',
  'abort',
  'initialized',
  'gave up initializing',
  'committed',
  'aborted',
  'failed',
  'fenced',
  'closed',
] as const
export type TransactionEvent = (typeof TRANSACTION_EVENTS)[number]

/**
 *   uninitialized ─init─► initializing ─► ready ─begin─► open ─commit─► committing ─► ready
 *                                           ▲             │ failed          │ failed
 *                                           │             ▼                 │
 *                                           │          abortable ◄──────────┘
 *                                           │             │ abort (from open too)
 *                                           └──────── aborting
 *
 * Any ─fenced─► fenced, any ─closed─► closed. An event that is not listed here is refused.
 */
const TABLE: Readonly<Record<InnerState, Readonly<Partial<Record<TransactionEvent, InnerState>>>>> = {
  uninitialized: { init: 'initializing', fenced: 'fenced', closed: 'closed' },
  initializing: {
    initialized: 'ready',
    'gave up initializing': 'uninitialized',
    fenced: 'fenced',
    closed: 'closed',
  },
  ready: { begin: 'open', fenced: 'fenced', closed: 'closed' },
  open: {
    send: 'open',
    commit: 'committing',
    abort: 'aborting',
    failed: 'abortable',
    fenced: 'fenced',
    closed: 'closed',
  },
  // asked again while it goes on (the first caller may have given up waiting)
  committing: {
    commit: 'committing',
    committed: 'ready',
    failed: 'abortable',
    fenced: 'fenced',
    closed: 'closed',
  },
  abortable: { abort: 'aborting', failed: 'abortable', fenced: 'fenced', closed: 'closed' },
  // what fails meanwhile is thrown away with the rest
  aborting: { abort: 'aborting', aborted: 'ready', failed: 'aborting', fenced: 'fenced', closed: 'closed' },
  fenced: { failed: 'fenced', fenced: 'fenced', closed: 'closed' },
  closed: { failed: 'closed', fenced: 'closed', closed: 'closed' },
}

/** undefined: not in this state. */
export function nextState(state: InnerState, event: TransactionEvent): InnerState | undefined {
  return TABLE[state][event]
}

export function publicState(state: InnerState): TransactionalState {
  switch (state) {
    case 'initializing':
      return 'uninitialized'
    case 'open':
    case 'committing':
      return 'in-transaction'
    case 'aborting':
      return 'abortable'
    case 'uninitialized':
    case 'ready':
    case 'abortable':
    case 'fenced':
    case 'closed':
      return state
  }
}

export function refusal(state: InnerState, event: TransactionEvent, transactionalId: string): ConnectError {
  const hint = state === 'uninitialized' || state === 'initializing' ? ': initTransactions() comes first' : ''
  return new ConnectError(`cannot ${event} while the transactional producer ${transactionalId} is ${state}${hint}`)
}
