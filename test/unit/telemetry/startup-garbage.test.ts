import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants, performance, PerformanceObserver } from 'node:perf_hooks'
import type { PerformanceEntry } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { collectStartupGarbage } from '../../../runtime/telemetry/startup-garbage.ts'

const LOOK_MS = 50
const THREADS = 16
const STARTUP_GARBAGE = new URL('../../../runtime/telemetry/startup-garbage.ts', import.meta.url).href

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

  it('is collected by many threads at the same time, though the flag it takes is one for all', async () => {
    const code = `
      const { workerData } = require('node:worker_threads')
      import(${JSON.stringify(STARTUP_GARBAGE)}).then(({ collectStartupGarbage }) => {
        const ready = new Int32Array(workerData)
        if (Atomics.add(ready, 0, 1) + 1 === ${THREADS}) Atomics.notify(ready, 0)
        for (let seen; (seen = Atomics.load(ready, 0)) < ${THREADS};) Atomics.wait(ready, 0, seen)
        collectStartupGarbage(20)
        setTimeout(() => undefined, 500) // several looks
      })`
    const workerData = new SharedArrayBuffer(4)
    const threads = Array.from({ length: THREADS }, () => new Worker(code, { eval: true, workerData }))
    const ends = await Promise.all(threads.map((thread) => once(thread, 'exit'))) // rejects with what a thread threw
    assert.deepEqual(
      ends.map(([code]) => code as number),
      threads.map(() => 0),
    )
  })
})
