import { totalmem } from 'node:os'

/** MB of heap and buffers that one thread may hold when `task.memory.max.mb` is not set: a quarter of the machine, at least 512. */
export function defaultMemoryMaxMb(): number {
  const constrained = process.constrainedMemory()
  const total = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  return Math.max(512, Math.floor(total / 4 / 2 ** 20))
}
