import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TRANSACTION_EVENTS, nextState, publicState } from '../../../runtime/kafka/transaction-state.ts'
import type { InnerState } from '../../../runtime/kafka/transaction-state.ts'

const STATES: readonly InnerState[] = [
  'uninitialized',
  'initializing',
  'ready',
  'open',
  'committing',
  'abortable',
  'aborting',
  'fenced',
  'closed',
]

/** Every state and event once; `-` is refused. Columns in the order of TRANSACTION_EVENTS. */
const EXPECTED = `
                init         begin send  commit     abort    initialized gave-up       committed aborted failed    fenced closed
uninitialized   initializing -     -     -          -        -           -             -         -       -         fenced closed
initializing    -            -     -     -          -        ready       uninitialized -         -       -         fenced closed
ready           -            open  -     -          -        -           -             -         -       -         fenced closed
open            -            -     open  committing aborting -           -             -         -       abortable fenced closed
committing      -            -     -     committing -        -           -             ready     -       abortable fenced closed
abortable       -            -     -     -          aborting -           -             -         -       abortable fenced closed
aborting        -            -     -     -          aborting -           -             -         ready   aborting  fenced closed
fenced          -            -     -     -          -        -           -             -         -       fenced    fenced closed
closed          -            -     -     -          -        -           -             -         -       closed    closed closed
`

describe('transaction states', () => {
  test('the table is complete and says what it should', () => {
    const lines = EXPECTED.trim().split('\n').slice(1)
    assert.equal(lines.length, STATES.length)
    for (const [row, line] of lines.entries()) {
      const [state, ...cells] = line.trim().split(/\s+/)
      assert.equal(state, STATES[row])
      assert.equal(cells.length, TRANSACTION_EVENTS.length)
      for (const [column, event] of TRANSACTION_EVENTS.entries())
        assert.equal(nextState(STATES[row]!, event) ?? '-', cells[column], `${state} on ${event}`)
    }
  })

  test('whatever happens, there is a way to ready, or it is the end', () => {
    const reach = (from: InnerState): ReadonlySet<InnerState> => {
      const found = new Set<InnerState>([from])
      for (const state of found)
        for (const event of TRANSACTION_EVENTS) {
          const next = nextState(state, event)
          if (next !== undefined) found.add(next)
        }
      return found
    }
    for (const state of STATES) {
      const ready = reach(state).has('ready')
      assert.equal(ready, state !== 'fenced' && state !== 'closed', state)
      assert.ok(reach(state).has('closed'))
    }
  })

  test('nothing is sent in a transaction that failed or ends', () => {
    assert.deepEqual(
      STATES.filter((state) => nextState(state, 'send') !== undefined),
      ['open'],
    )
  })

  test('callers see six states', () => {
    assert.deepEqual(STATES.map(publicState), [
      'uninitialized',
      'uninitialized',
      'ready',
      'in-transaction',
      'in-transaction',
      'abortable',
      'abortable',
      'fenced',
      'closed',
    ])
  })
})
