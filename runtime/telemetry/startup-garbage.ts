import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void

/** Late enough for all modules to be there, and for nobody to wait for an answer. */
const SETTLED_MS = 3000
/** A larger heap is not that of a worker that has just started: it may hold an application around it. */
const LARGE_HEAP_BYTES = 128 * 2 ** 20

/**
 * Loading code leaves more garbage than code (sources, types that were stripped): half of the heap of an idle worker, 30 MB, that nobody would
 * collect, since nothing is allocated any more. Collects it once, for this thread: some 50 ms that nobody waits for.
 */
export function collectStartupGarbage(): void {
  setTimeout(() => {
    if (getHeapStatistics().total_heap_size > LARGE_HEAP_BYTES) return
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as Collect
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, SETTLED_MS).unref()
}
