import { UsageError } from '../usage-error.ts'
import type { ConnectorStatus, ConnectRest, InstanceStatus } from './rest.ts'

type Row = Readonly<Record<string, string>>

/** A line per connector. */
export async function listed(rest: ConnectRest): Promise<readonly Row[]> {
  return (await rest.statuses()).map(({ name, type = '', connector, tasks }) => ({
    connector: name,
    type,
    state: connector.state,
    tasks: taskSummary(tasks),
  }))
}

/** A line per connector and task. */
export async function statusLines(rest: ConnectRest, names: readonly string[]): Promise<readonly Row[]> {
  const all = await rest.statuses()
  const missing = names.find((name) => !all.some((status) => status.name === name))
  if (missing !== undefined) throw new UsageError(`there is no connector ${missing} at ${rest.url}`)
  return all.filter(({ name }) => names.length === 0 || names.includes(name)).flatMap(linesOf)
}

function linesOf({ name, connector, tasks }: ConnectorStatus): readonly Row[] {
  return [line(name, connector), ...tasks.map((task) => line(`${name}-${task.id ?? ''}`, task))]
}

function line(name: string, { state, worker_id: worker = '', trace = '' }: InstanceStatus): Row {
  return { instance: name, state, worker, why: trace.split('\n')[0]! }
}

/** `3 RUNNING, 1 FAILED` */
function taskSummary(tasks: readonly InstanceStatus[]): string {
  const counts = Map.groupBy(tasks, ({ state }) => state)
  return [...counts].map(([state, { length }]) => `${length} ${state}`).join(', ')
}
