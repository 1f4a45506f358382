import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UnsyncBackoff } from '../../../runtime/group/unsync-backoff.ts'

describe('the backoff of a worker that cannot read the config log', () => {
  it('is worker.unsync.backoff.ms under the eager protocol', () => {
    const backoff = new UnsyncBackoff({ unsyncBackoffMs: 300_000, maxDelayMs: 60_000 })
    assert.deepEqual(backoff.next('default'), { delayMs: 300_000, keepWork: false })
  })

  it('takes growing parts of the rebalance delay under the cooperative ones, then gives the work up and begins anew', () => {
    const backoff = new UnsyncBackoff({ unsyncBackoffMs: 300_000, maxDelayMs: 60_000 })
    const tries = Array.from({ length: 7 }, () => backoff.next('sessioned'))
    assert.deepEqual(
      tries.map(({ delayMs }) => delayMs),
      [1200, 1500, 2000, 3000, 6000, 0, 1200],
    )
    assert.deepEqual(
      tries.map(({ keepWork }) => keepWork),
      [true, true, true, true, true, false, true],
    )
    backoff.reset()
    assert.equal(backoff.next('compatible').delayMs, 1200)
  })

  it('keeps no work when others get it at once', () => {
    const backoff = new UnsyncBackoff({ unsyncBackoffMs: 300_000, maxDelayMs: 0 })
    assert.deepEqual(backoff.next('sessioned'), { delayMs: 0, keepWork: false })
  })
})
