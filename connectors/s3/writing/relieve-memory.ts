import type { MemoryBudget } from './memory-budget.ts'
import type { ObjectWriter } from './object-writer.ts'

/** Below this an open object is not worth a part or a file. */
const WORTH_BYTES = 64 * 1024

/**
 * Makes the largest open objects give their memory back until the budget holds; boundaries and names of objects stay what they
 * are. False: nothing could, and uploads under way must be waited for.
 */
export async function relieveMemory(memory: MemoryBudget, open: readonly ObjectWriter[]): Promise<boolean> {
  const held = open.reduce((sum, writer) => sum + writer.held, 0)
  // most of it is on its way already: no need to disturb open objects
  if (memory.used - held > memory.limit / 2) return false
  const largest = [...open].sort((a, b) => b.held - a.held)
  // small ones only when there is nothing but small ones
  const worth = largest.filter((writer) => writer.held >= WORTH_BYTES)
  let relieved = false
  for (const writer of worth.length > 0 ? worth : largest) {
    if (memory.used <= memory.limit * 0.75) break
    if (writer.held === 0) break
    await writer.relieve()
    relieved = true
  }
  return relieved
}
