import { compareText, difference, taskName } from './assignment.ts'
import type { TaskId, Work } from './assignment.ts'

/** What one worker will hold after the round that is being computed. */
export interface WorkerLoad {
  readonly worker: string
  connectors: readonly string[]
  tasks: readonly TaskId[]
}

export function isIdle(load: WorkerLoad): boolean {
  return load.connectors.length === 0 && load.tasks.length === 0
}

export function takeAway(loads: readonly WorkerLoad[], revoked: ReadonlyMap<string, Work>): void {
  for (const load of loads) {
    const work = revoked.get(load.worker)
    if (work === undefined) continue
    const left = difference(load, work)
    load.connectors = left.connectors
    load.tasks = left.tasks
  }
}

/** Each item to the worker that holds fewest of its kind; ties go by name. */
export function dealToLeastLoaded(loads: readonly WorkerLoad[], work: Work): void {
  for (const connector of work.connectors) {
    const load = least(loads, (of) => of.connectors.length)
    load.connectors = [...load.connectors, connector]
  }
  for (const task of work.tasks) {
    const load = least(loads, (of) => of.tasks.length)
    load.tasks = [...load.tasks, task]
  }
}

function least(loads: readonly WorkerLoad[], size: (load: WorkerLoad) => number): WorkerLoad {
  return loads.reduce((best, load) => {
    const fewer = size(load) - size(best)
    return fewer < 0 || (fewer === 0 && compareText(load.worker, best.worker) < 0) ? load : best
  })
}

/** Connectors, then tasks, each kind in turn over these workers, however loaded they are. */
export function dealInTurn(loads: readonly WorkerLoad[], work: Work): void {
  work.connectors.forEach((connector, index) => {
    const load = loads[index % loads.length]!
    load.connectors = [...load.connectors, connector]
  })
  work.tasks.forEach((task, index) => {
    const load = loads[index % loads.length]!
    load.tasks = [...load.tasks, task]
  })
}

/** What each worker must give up so that nobody holds more than its share, connectors and tasks apart. */
export function balancingRevocations(loads: readonly WorkerLoad[], configured: Work): ReadonlyMap<string, Work> {
  const revoked = new Map<string, Work>()
  if (loads.every(isIdle)) return revoked
  const connectors = surplus(loads, configured.connectors.length, (load) => load.connectors)
  const tasks = surplus(loads, configured.tasks.length, (load) => load.tasks)
  for (const { worker } of loads) {
    const work = { connectors: connectors.get(worker) ?? [], tasks: tasks.get(worker) ?? [] }
    if (work.connectors.length + work.tasks.length > 0) revoked.set(worker, work)
  }
  return revoked
}

/** A share is `total / workers`; the remainder is allowed as one extra each to the first workers that hold more than that. */
function surplus<E>(
  loads: readonly WorkerLoad[],
  total: number,
  held: (load: WorkerLoad) => readonly E[],
): ReadonlyMap<string, readonly E[]> {
  const share = Math.floor(total / loads.length)
  const extras = total % loads.length
  const sizes = loads.map((load) => held(load).length)
  const withExtra = sizes.filter((size) => size === share + 1).length
  const exact = sizes.filter((size) => size === share).length
  const revoked = new Map<string, readonly E[]>()
  if (withExtra === extras && exact + withExtra === loads.length) return revoked
  let extrasGiven = 0
  for (const load of loads) {
    const items = held(load)
    if (items.length <= share) continue
    const allowed = extrasGiven++ < extras ? share + 1 : share
    if (items.length > allowed) revoked.set(load.worker, items.slice(0, items.length - allowed))
  }
  return revoked
}

/** Work that more than one worker says to hold. */
export function duplicates(works: readonly Work[]): Work {
  const connectors = new Map<string, number>()
  const tasks = new Map<string, { readonly task: TaskId; count: number }>()
  for (const work of works) {
    for (const connector of work.connectors) connectors.set(connector, (connectors.get(connector) ?? 0) + 1)
    for (const task of work.tasks) {
      const seen = tasks.get(taskName(task))
      if (seen === undefined) tasks.set(taskName(task), { task, count: 1 })
      else seen.count++
    }
  }
  return {
    connectors: [...connectors].filter(([, count]) => count > 1).map(([connector]) => connector),
    tasks: [...tasks.values()].filter(({ count }) => count > 1).map(({ task }) => task),
  }
}
