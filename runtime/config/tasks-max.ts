import { ConnectError, parseValue } from '../api/index.ts'
import type { Props } from '../api/index.ts'

/** Repeated attempts would end the same way. In statuses it has the name of Connect's. */
export class TooManyTasksError extends ConnectError {
  constructor(message: string) {
    super(message, { code: 'CONFIG' })
    this.name = 'org.apache.kafka.connect.errors.TooManyTasksException'
  }
}

/** `tasks.max`, 1 by default. */
export function tasksMax(connectorProps: Props): number {
  const text = connectorProps['tasks.max']
  return text === undefined ? 1 : (parseValue('tasks.max', 'INT', text) as number)
}

/** Throws TooManyTasksError for more tasks than `tasks.max`, unless `tasks.max.enforce=false`; the message is Connect's (KIP-1004). */
export function checkTasksMax(connector: string, connectorProps: Props, tasks: number): void {
  const max = tasksMax(connectorProps)
  if (tasks <= max || connectorProps['tasks.max.enforce']?.trim().toLowerCase() === 'false') return
  throw new TooManyTasksError(
    `The connector ${connector} has generated ${tasks} tasks, which is greater than ${max}, ` +
      'the maximum number of tasks it is configured to create. ' +
      'This behaviour should be considered a bug and is disallowed. ' +
      "If necessary, it can be permitted by reconfiguring the connector with 'tasks.max.enforce' set to false; " +
      'however, this option will be removed in a future version of Kafka Connect.',
  )
}
