import { performance } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

/** Late enough for all modules to be there. */
const LOOK_MS = 3000
/** The share of its time that a thread works which nobody waits for. */
const QUIET = 0.1
/** A larger heap is not that of a worker that has just started: it may hold an application around it. */
const LARGE_HEAP_BYTES = 128 * 2 ** 20

/**
 * Loading code leaves more garbage than code (sources, types that were stripped): half of the heap of an idle worker, 30 MB, that nobody would
 * collect, since nothing is allocated any more. Collects it once, for this thread: some 50 ms. They fall in the first `lookMs` in which little
 * happened: a worker that has just joined its group is given tasks that stand still until they run here.
 */
export function collectStartupGarbage(lookMs = LOOK_MS): void {
  let before = performance.eventLoopUtilization()
  const looking = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    if (utilization > QUIET) return
    clearInterval(looking)
    if (getHeapStatistics().total_heap_size > LARGE_HEAP_BYTES) return
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as Collect
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, lookMs)
  looking.unref()
}
