import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants, performance, PerformanceObserver } from 'node:perf_hooks'
import type { PerformanceEntry } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import { collectStartupGarbage } from '../../../runtime/telemetry/startup-garbage.ts'

const LOOK_MS = 50

/** What node's entries have on top of the web's. */
interface PerformanceNodeEntry extends PerformanceEntry {
  readonly detail?: { readonly kind: number }
}

/** Emits `collected` when the whole heap was collected: nothing here allocates so much that it would be without being asked for. */
function watchCollections() {
  const collected = new EventTarget()
  let count = 0
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if ((entry as PerformanceNodeEntry).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count++
    if (count > 0) collected.dispatchEvent(new Event('collected'))
  })
  observer.observe({ entryTypes: ['gc'] })
  return { collected, count: () => count, [Symbol.dispose]: () => observer.disconnect() }
}

/** Works all the time, with turns for timers and observers. */
async function work(ms: number): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end;) {
    for (const pause = performance.now() + 5; performance.now() < pause;);
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('garbage of the start', () => {
  it('is collected when the thread has come to rest, not while it works', async () => {
    using collections = watchCollections()
    collectStartupGarbage(LOOK_MS)
    await work(6 * LOOK_MS)
    assert.equal(collections.count(), 0)
    const rests = setInterval(() => undefined, 1000) // what keeps a worker alive; the look does not
    await once(collections.collected, 'collected')
    clearInterval(rests)
  })
})
