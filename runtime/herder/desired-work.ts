import type { Props } from '../api/props.ts'
import type { Membership } from '../group/group.ts'
import type { Work } from '../group/assignment.ts'
import { taskName } from '../group/assignment.ts'
import type { TaskId } from '../group/assignment.ts'
import { targetState } from '../storage/cluster-config-state.ts'
import type { ClusterConfigState } from '../storage/cluster-config-state.ts'
import type { TargetState } from '../storage/config-records.ts'

/** One connector or task as it should run, or does. Two specs with the same `version` are the same run of the same thing. */
export type InstanceSpec = ConnectorSpec | TaskSpec

interface CommonSpec {
  readonly connector: string
  readonly target: TargetState
  readonly generation: number
  /** Changes with the configuration, and with every restart that was asked for. */
  readonly version: string
}
export interface ConnectorSpec extends CommonSpec {
  readonly kind: 'connector'
  readonly props: Props
}
export interface TaskSpec extends CommonSpec {
  readonly kind: 'task'
  readonly id: TaskId
  readonly connectorProps: Props
  readonly taskProps: Props
  /** In the whole set. */
  readonly tasks: number
}

/** By instance key. */
export type DesiredWork = ReadonlyMap<string, InstanceSpec>

export function connectorKey(connector: string): string {
  return `connector ${connector}`
}

export function taskKey(id: TaskId): string {
  return `task ${taskName(id)}`
}

export function keysOf(work: Work): readonly string[] {
  return [...work.connectors.map(connectorKey), ...work.tasks.map(taskKey)]
}

export interface DesiredWorkInput {
  readonly membership: Membership | undefined
  readonly state: ClusterConfigState
  /** Keys that were revoked from this worker and not assigned again. */
  readonly withheld: ReadonlySet<string>
  /** How often a restart was asked for, by key. */
  readonly restarts: ReadonlyMap<string, number>
  /** Counts the contents of connector configs: equal objects, equal numbers. */
  readonly versionOf: (props: Props) => number
}

/** What this worker should run now, by its assignment and the configuration. Pure. */
export function desiredWork({ membership, state, withheld, restarts, versionOf }: DesiredWorkInput): DesiredWork {
  const desired = new Map<string, InstanceSpec>()
  if (membership === undefined) return desired
  const { work, generation, configOffset } = membership
  const version = (key: string, of: number): string => `${of}/${restarts.get(key) ?? 0}`
  for (const connector of work.connectors) {
    const key = connectorKey(connector)
    const props = state.connectors.get(connector)
    if (props === undefined || withheld.has(key)) continue
    const target = targetState(state, connector)
    desired.set(key, {
      kind: 'connector',
      connector,
      props,
      target,
      generation,
      version: version(key, versionOf(props)),
    })
  }
  for (const id of work.tasks) {
    const key = taskKey(id)
    const { connector } = id
    const connectorProps = state.connectors.get(connector)
    const set = state.taskSets.get(connector)
    const taskProps = set?.configs[id.task]
    const target = targetState(state, connector)
    if (set === undefined || connectorProps === undefined || taskProps === undefined) continue
    // Invariant 3: a newer set is not run before a rebalance: until then another worker may run tasks of the old one.
    if (set.offset > configOffset || target === 'STOPPED' || withheld.has(key)) continue
    desired.set(key, {
      kind: 'task',
      connector,
      id,
      connectorProps: set.connectorProps,
      taskProps,
      tasks: set.configs.length,
      target,
      generation,
      version: version(key, set.offset),
    })
  }
  return desired
}
