import type { Props } from '../api/index.ts'
import type { Secrets } from '../config/secrets.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import type { ConnectorLaunch, TaskLaunch } from '../isolate/messages.ts'
import type { TargetState, TaskId } from './lifecycle-state.ts'

/** A connector to start; props raw. */
export interface ConnectorStart {
  readonly name: string
  readonly props: Props
  readonly target: TargetState
  readonly generation: number
}

/** A task to start; props raw. */
export interface TaskStart {
  readonly id: TaskId
  readonly connectorProps: Props
  readonly taskProps: Props
  /** Of the whole set; absent: nobody counts. */
  readonly tasks?: number
  readonly target: TargetState
  readonly generation: number
}

/** A task's configuration with its secrets. Invariant 5: it goes to the task's isolate and nowhere else. */
export async function taskLaunch(
  spec: TaskStart,
  target: TargetState,
  secrets: Secrets,
  plugins: PluginRegistry,
  stallTimeoutMs: number,
): Promise<TaskLaunch> {
  const { id, connectorProps } = spec
  return {
    connector: id.connector,
    task: id.task,
    connectorProps: { ...(await secrets.resolve(connectorProps)), name: id.connector },
    taskProps: await taskProps(spec, secrets, plugins),
    target,
    stallTimeoutMs,
  }
}

/** With the secrets as their providers give them now. */
export async function taskProps(spec: TaskStart, secrets: Secrets, plugins: PluginRegistry): Promise<Props> {
  const { class: connectorClass } = plugins.connectorOf(spec.connectorProps)
  return { 'task.class': connectorClass.task.className, ...(await secrets.resolve(spec.taskProps)) }
}

export async function connectorLaunch(
  spec: ConnectorStart,
  target: TargetState,
  secrets: Secrets,
): Promise<ConnectorLaunch> {
  return { name: spec.name, props: { ...(await secrets.resolve(spec.props)), name: spec.name }, target }
}
