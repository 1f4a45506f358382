import type { StatusState } from '../storage/status-records.ts'

export interface RestartRequest {
  readonly connector: string
  readonly includeTasks: boolean
  readonly onlyFailed: boolean
}

export interface RestartPlan {
  readonly restartConnector: boolean
  /** Task numbers. */
  readonly tasks: readonly number[]
}

/**
 * What a restart request means for a connector in these states. The connector itself belongs to every request unless only failed
 * instances are wanted and it has not failed.
 */
export function restartPlan(
  { includeTasks, onlyFailed }: Pick<RestartRequest, 'includeTasks' | 'onlyFailed'>,
  states: {
    readonly connector: StatusState | undefined
    readonly tasks: readonly (readonly [task: number, state: StatusState])[]
  },
): RestartPlan {
  const wanted = (state: StatusState | undefined): boolean => !onlyFailed || state === 'FAILED'
  return {
    restartConnector: wanted(states.connector),
    tasks: includeTasks ? states.tasks.filter(([, state]) => wanted(state)).map(([task]) => task) : [],
  }
}
