import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nextState } from '../../../runtime/worker/lifecycle-state.ts'
import type { InstanceState, LifecycleEvent } from '../../../runtime/worker/lifecycle-state.ts'

const EVENTS: readonly LifecycleEvent[] = [
  'started',
  'paused',
  'resumed',
  'failed',
  'stopped',
  'shutdown',
  'restarting',
]

// One row per state, one column per event; `-`: nothing new.
const TABLE: Readonly<Record<InstanceState, string>> = {
  UNASSIGNED: 'RUNNING PAUSED RUNNING FAILED STOPPED UNASSIGNED RESTARTING',
  RUNNING: '- PAUSED - FAILED STOPPED UNASSIGNED RESTARTING',
  PAUSED: 'RUNNING - RUNNING FAILED STOPPED UNASSIGNED RESTARTING',
  FAILED: '- - - - STOPPED - RESTARTING',
  STOPPED: 'RUNNING PAUSED RUNNING FAILED - UNASSIGNED RESTARTING',
  RESTARTING: 'RUNNING PAUSED RUNNING FAILED STOPPED UNASSIGNED RESTARTING',
  DESTROYED: '- - - - - - -',
}

describe('the life of an instance', () => {
  for (const [state, row] of Object.entries(TABLE)) {
    test(`goes on from ${state} as the table says`, () => {
      const next = EVENTS.map((event) => nextState(state as InstanceState, event) ?? '-')
      assert.deepEqual(next.join(' '), row)
    })
  }
})
