/** One task of one connector; its number is its place in the connector's task set. */
export interface TaskId {
  readonly connector: string
  readonly task: number
}

/** Connectors and tasks: what a worker holds, gets or gives up. Lists keep their order: balancing takes from the front. */
export interface Work {
  readonly connectors: readonly string[]
  readonly tasks: readonly TaskId[]
}

export const NO_WORK: Work = Object.freeze({ connectors: [], tasks: [] })

/** A task id as one string, for sets and log lines: `connector-0`. */
export function taskName({ connector, task }: TaskId): string {
  return `${connector}-${task}`
}

export function isNoWork(work: Work): boolean {
  return work.connectors.length === 0 && work.tasks.length === 0
}

/** Of `work`, what is in none of `others`. */
export function difference(work: Work, ...others: readonly Work[]): Work {
  const connectors = new Set(others.flatMap((other) => other.connectors))
  const tasks = new Set(others.flatMap((other) => other.tasks.map(taskName)))
  return {
    connectors: work.connectors.filter((connector) => !connectors.has(connector)),
    tasks: work.tasks.filter((task) => !tasks.has(taskName(task))),
  }
}

/** Of `work`, what is in `other` too. */
export function intersection(work: Work, other: Work): Work {
  return difference(work, difference(work, other))
}

/** Each item once, at its first place. */
export function union(...works: readonly Work[]): Work {
  const connectors = new Set(works.flatMap((work) => work.connectors))
  const tasks = new Map(works.flatMap((work) => work.tasks.map((task) => [taskName(task), task] as const)))
  return { connectors: [...connectors], tasks: [...tasks.values()] }
}

/** By name, tasks by connector and number: what is dealt out is dealt in this order. */
export function sorted(work: Work): Work {
  return { connectors: [...work.connectors].sort(compareText), tasks: [...work.tasks].sort(compareTasks) }
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareTasks(a: TaskId, b: TaskId): number {
  return compareText(a.connector, b.connector) || a.task - b.task
}
