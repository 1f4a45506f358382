import { assembleSinkTask } from './assemble-sink-task.ts'
import { assembleSourceTask } from './assemble-source-task.ts'
import type { RunnableTask } from './runnable-task.ts'
import type { TaskParts } from './task-parts.ts'

/** Puts a task together, ready to run. Throws ConfigError for what the configuration says wrong. */
export async function assembleTask(parts: TaskParts, stop: AbortSignal): Promise<RunnableTask> {
  const { class: connectorClass } = parts.plugins.connectorOf(parts.connectorProps)
  return connectorClass.type === 'source'
    ? await assembleSourceTask(parts, connectorClass, stop)
    : await assembleSinkTask(parts, connectorClass, stop)
}
