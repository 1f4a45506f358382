import { within } from '../async/abort.ts'
import type { ProgressSnapshot } from '../isolate/messages.ts'
import type { InstanceState } from './lifecycle-state.ts'
import type { Resident } from './resident.ts'

/** One task in GET /connectors/{name}/progress. Times in ms since the epoch; null: not yet, or nothing. */
export interface TaskProgress {
  readonly id: number
  readonly state: InstanceState
  /** task/task-progress.ts explains the words; `processor`: it holds its thread and does not answer; `restart`: it has failed. */
  readonly waits_for: string | null
  readonly waiting_ms: number
  readonly last_read: number | null
  readonly last_sent: number | null
  readonly last_acked: number | null
  readonly last_committed: number | null
  readonly records: { readonly read: number; readonly sent: number; readonly acked: number }
  readonly in_flight: number
  /** Records behind the end of the log; null for sources */
  readonly lag: number | null
  readonly stalled: { readonly waits_for: string; readonly since: number } | null
  readonly restart: {
    /** retriable, crash, data, config, fenced, stalled */
    readonly reason: string
    readonly error: string
    /** Within errors.task.restart.window.ms. */
    readonly attempts: number
    /** null: none is planned */
    readonly next_try: number | null
    /** null: no limit */
    readonly budget_left: number | null
  } | null
}

const ANSWERS_WITHIN_MS = 1000

/** Asks the task itself; one that does not answer holds its thread. */
export async function taskProgress(id: number, resident: Resident): Promise<TaskProgress> {
  const { home } = resident
  const asked = home?.isolate.ask({ type: 'progress', instance: home.instance }).catch(() => undefined)
  const answer = asked === undefined ? undefined : await within(ANSWERS_WITHIN_MS, asked)
  const found = answer?.value as ProgressSnapshot | undefined
  const { state, stall, lastFailure, budget } = resident
  const now = Date.now()
  const silentMs = home !== undefined && found === undefined ? home.isolate.silentMs : 0
  return {
    id,
    state,
    waits_for:
      found?.waitsFor ?? (home === undefined ? (lastFailure?.nextTry === undefined ? null : 'restart') : 'processor'),
    waiting_ms: found === undefined ? silentMs : Math.max(0, now - found.since),
    last_read: found?.lastRead ?? null,
    last_sent: found?.lastSent ?? null,
    last_acked: found?.lastAcked ?? null,
    last_committed: found?.lastCommitted ?? null,
    records: { read: found?.read ?? 0, sent: found?.sent ?? 0, acked: found?.acked ?? 0 },
    in_flight: found?.inFlight ?? 0,
    lag: found?.lag ?? null,
    stalled: stall === undefined ? null : { waits_for: stall.waitsFor, since: stall.since },
    restart:
      lastFailure === undefined
        ? null
        : {
            reason: lastFailure.failure,
            error: lastFailure.error,
            attempts: budget?.taken ?? 0,
            next_try: lastFailure.nextTry ?? null,
            budget_left: budget === undefined ? 0 : budget.left,
          },
  }
}
