export interface TaskId {
  readonly connector: string
  readonly task: number
}

export type { TargetState } from '../storage/config-records.ts'
/** What is so; the words of the status topic. */
export type InstanceState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'FAILED' | 'STOPPED' | 'RESTARTING' | 'DESTROYED'

export function taskName(id: TaskId): string {
  return `${id.connector}-${id.task}`
}

/** What happens to a running instance. */
export type LifecycleEvent = 'started' | 'paused' | 'resumed' | 'failed' | 'stopped' | 'shutdown' | 'restarting'

/**
 * The state after an event, undefined when the event says nothing new. A failed instance stays failed until it is restarted;
 * what came to an end says nothing any more (a cancelled task's late news must not overwrite a new owner's).
 *
 * ```
 *            started/resumed ┌─────────┐ paused
 *  UNASSIGNED ──────────────►│ RUNNING │◄──────► PAUSED      failed ► FAILED     restarting ► RESTARTING ► (new instance)
 *                            └─────────┘ resumed             stopped ► STOPPED   shutdown   ► UNASSIGNED
 * ```
 */
export function nextState(state: InstanceState, event: LifecycleEvent): InstanceState | undefined {
  return TABLE[state][event]
}

type Row = Readonly<Partial<Record<LifecycleEvent, InstanceState>>>
const ENDS: Row = { failed: 'FAILED', stopped: 'STOPPED', shutdown: 'UNASSIGNED', restarting: 'RESTARTING' }

const TABLE: Readonly<Record<InstanceState, Row>> = {
  UNASSIGNED: { started: 'RUNNING', resumed: 'RUNNING', paused: 'PAUSED', ...ENDS },
  RESTARTING: { started: 'RUNNING', resumed: 'RUNNING', paused: 'PAUSED', ...ENDS },
  RUNNING: { paused: 'PAUSED', ...ENDS },
  PAUSED: { started: 'RUNNING', resumed: 'RUNNING', ...ENDS },
  FAILED: { stopped: 'STOPPED', restarting: 'RESTARTING' },
  STOPPED: {
    started: 'RUNNING',
    resumed: 'RUNNING',
    paused: 'PAUSED',
    failed: 'FAILED',
    shutdown: 'UNASSIGNED',
    restarting: 'RESTARTING',
  },
  DESTROYED: {},
}
