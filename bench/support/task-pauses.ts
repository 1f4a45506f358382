import { percentile } from './report.ts'
import type { Row } from './report.ts'
import { Topic } from './topic.ts'

/** A stretch of time (ms since the epoch) after which tasks may have had other owners than before it. */
export interface Shift {
  readonly from: number
  readonly to: number
  readonly moved: ReadonlySet<string>
}

/**
 * How long tasks stood still, seen at their records: each tells when its task made it (`timestamp`), and which task that was (`key-<connector>-<task>-<n>`).
 * The tasks make a record every `intervalMs`; what a gap is longer than that is a pause.
 */
export class TaskPauses {
  readonly #times: ReadonlyMap<string, readonly number[]>
  readonly #intervalMs: number

  private constructor(times: ReadonlyMap<string, readonly number[]>, intervalMs: number) {
    this.#times = times
    this.#intervalMs = intervalMs
  }

  static async read(bootstrap: string, name: string, intervalMs: number): Promise<TaskPauses> {
    await using topic = new Topic(bootstrap, name)
    const times = new Map<string, number[]>()
    await topic.read(await topic.count(), (records) => {
      for (const { key, timestamp } of records) {
        const task = /^key-(.*)-\d+$/.exec(key!.toString())![1]!
        const of = times.get(task) ?? []
        if (of.length === 0) times.set(task, of)
        of.push(timestamp)
      }
    })
    for (const of of times.values()) of.sort((a, b) => a - b)
    return new TaskPauses(times, intervalMs)
  }

  /** Of all tasks in a time in which nothing happens: what the machine and the timers of the tasks do to the figure. */
  quiet(from: number, to: number): readonly Row[] {
    return rows(
      'while nothing happens',
      [...this.#times.keys()].map((task) => this.#longest(task, from, to)),
    )
  }

  moved(what: string, shifts: readonly Shift[]): readonly Row[] {
    return rows(
      `of a task that moved, ${what}`,
      shifts.flatMap(({ from, to, moved }) =>
        [...this.#times.keys()].filter((task) => moved.has(task)).map((task) => this.#longest(task, from, to)),
      ),
    )
  }

  unmoved(what: string, shifts: readonly Shift[]): readonly Row[] {
    return rows(
      `of a task that did not move, ${what}`,
      shifts.flatMap(({ from, to, moved }) =>
        [...this.#times.keys()].filter((task) => !moved.has(task)).map((task) => this.#longest(task, from, to)),
      ),
    )
  }

  #longest(task: string, from: number, to: number): number {
    const times = this.#times.get(task)!
    let longest = 0
    for (let i = 1; i < times.length; i++)
      if (times[i]! >= from && times[i - 1]! <= to)
        longest = Math.max(longest, times[i]! - times[i - 1]! - this.#intervalMs)
    return longest
  }
}

function rows(of: string, pauses: readonly number[]): readonly Row[] {
  if (pauses.length === 0) return []
  const sorted = [...pauses].sort((a, b) => a - b)
  return [50, 95, 100].map((p) => ({
    what: `pause ${of}: ${p === 100 ? 'worst' : `p${p}`} of ${pauses.length}`,
    value: percentile(sorted, p),
    unit: 'ms',
  }))
}
