import { NO_WORK, compareText, sorted } from './assignment.ts'
import type { TaskId, Work } from './assignment.ts'

/**
 * The eager protocol's assignment: everybody has stopped everything, all work is dealt anew, connectors first, then tasks, round robin
 * with one cursor.
 */
export function assignEagerly(members: readonly string[], configured: Work): ReadonlyMap<string, Work> {
  const hands = [...members].sort(compareText).map((member) => ({
    member,
    connectors: [] as string[],
    tasks: [] as TaskId[],
  }))
  if (hands.length === 0) return new Map()
  let cursor = 0
  const next = () => hands[cursor++ % hands.length]!
  const { connectors, tasks } = sorted(configured)
  for (const connector of connectors) next().connectors.push(connector)
  for (const task of tasks) next().tasks.push(task)
  return new Map(
    hands.map(({ member, ...work }) => [member, work.connectors.length + work.tasks.length === 0 ? NO_WORK : work]),
  )
}
