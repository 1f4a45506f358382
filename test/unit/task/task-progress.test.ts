import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TaskProgress } from '../../../runtime/task/task-progress.ts'

describe('the progress of a task', () => {
  test('a source may wait in poll for ever, as long as nothing is in flight', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 })
    const progress = new TaskProgress()
    progress.waits('poll')
    t.mock.timers.tick(1_000_000)
    assert.equal(progress.snapshot(Date.now()).stuckSince, null)
    let inFlight = 3
    progress.inFlight = () => inFlight
    progress.sent(3)
    t.mock.timers.tick(5000)
    const owed = progress.snapshot(Date.now())
    assert.deepEqual([owed.waitsFor, Date.now() - owed.stuckSince!], ['broker ack', 5000])
    // An acknowledgement begins the time anew, the last one ends it.
    inFlight = 1
    progress.acked(2)
    assert.equal(progress.snapshot(Date.now()).stuckSince, Date.now())
    inFlight = 0
    progress.acked(1)
    assert.equal(progress.snapshot(Date.now()).stuckSince, null)
  })

  test('any other wait counts from its beginning, also when it is begun again', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 })
    const progress = new TaskProgress()
    progress.waits('put')
    t.mock.timers.tick(10)
    progress.waits('put')
    assert.equal(progress.snapshot(Date.now()).stuckSince, 1000)
    progress.waits('resume')
    assert.equal(progress.snapshot(Date.now()).stuckSince, null)
  })

  test('a sink that reads nothing although it is behind should move', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 })
    const progress = new TaskProgress()
    let lag = 0
    progress.lag = () => lag
    progress.waits('records')
    assert.equal(progress.snapshot(1000).stuckSince, null)
    lag = 5
    assert.equal(progress.snapshot(2000).stuckSince, 2000)
    assert.equal(progress.snapshot(9000).stuckSince, 2000)
    progress.read(1)
    assert.equal(progress.snapshot(9500).stuckSince, 9500)
    lag = 0
    assert.equal(progress.snapshot(9600).stuckSince, null)
  })

  test('a commit that is waited for beside the loop is told when the loop has nothing to do', () => {
    const progress = new TaskProgress()
    progress.waits('poll')
    progress.waitsBeside('offset commit')
    assert.equal(progress.snapshot(Date.now()).waitsFor, 'offset commit')
    progress.waitsBeside(undefined)
    assert.equal(progress.snapshot(Date.now()).waitsFor, 'poll')
  })
})
