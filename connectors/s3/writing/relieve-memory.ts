import type { MemoryBudget } from './memory-budget.ts'
import { OVERHEAD_BYTES } from './object-writer.ts'
import type { ObjectWriter } from './object-writer.ts'

/** Below this an open object is not worth a part or a file, unless there is nothing larger. */
const WORTH_BYTES = 64 * 1024
/** What an open object keeps after it was relieved. */
const FLOOR_BYTES = 4 * 1024

/** `floor`: everything that can be given back was; the rest is what so many open objects cost. */
export type Relief = 'relieved' | 'wait for uploads' | 'floor'

/**
 * Makes the largest open objects give their memory back until the budget holds; boundaries and names of objects stay what they
 * are.
 */
export async function relieveMemory(memory: MemoryBudget, open: readonly ObjectWriter[]): Promise<Relief> {
  const held = open.reduce((sum, writer) => sum + writer.held + OVERHEAD_BYTES, 0)
  const onTheWay = memory.used - held
  // most of it comes back by itself: no need to disturb open objects
  if (onTheWay > memory.limit / 2) return 'wait for uploads'
  const largest = open.filter((writer) => writer.held > FLOOR_BYTES).sort((a, b) => b.held - a.held)
  const worth = largest.filter((writer) => writer.held >= WORTH_BYTES)
  let relieved = false
  for (const writer of worth.length > 0 ? worth : largest) {
    if (memory.used <= memory.limit * 0.75) break
    await writer.relieve()
    relieved = true
  }
  if (relieved) return 'relieved'
  return onTheWay > 0 ? 'wait for uploads' : 'floor'
}
