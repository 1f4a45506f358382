import type { TargetState } from '../storage/config-records.ts'
import type { DesiredWork, InstanceSpec } from './desired-work.ts'

export type Phase = 'starting' | 'running' | 'stopping'

/** What this worker runs, as the reconciler started it. */
export interface RunningInstance {
  readonly spec: InstanceSpec
  readonly phase: Phase
  /** The target it was last told. */
  readonly target: TargetState
  /** It said FAILED last. */
  readonly failed?: boolean
}

export type Action =
  | { readonly kind: 'stop'; readonly keys: readonly string[] }
  | {
      readonly kind: 'set-target'
      readonly connector: string
      readonly target: TargetState
      readonly keys: readonly string[]
    }
  | { readonly kind: 'start'; readonly key: string; readonly spec: InstanceSpec }

/**
 * The difference between what should run and what does.
 *
 * | running | desired | then |
 * |---|---|---|
 * | no | yes | start |
 * | starting, running | no, or another version | stop (starts again when it has stopped) |
 * | running | same version, other target | set target |
 * | failed connector | same version, target STOPPED | stop (starts again, as stopped): a failed instance hears no more, but may be stopped |
 * | starting | same version, other target | nothing yet: when it runs |
 * | stopping | anything | nothing yet: when it has stopped |
 */
export function reconcilePlan(desired: DesiredWork, running: ReadonlyMap<string, RunningInstance>): readonly Action[] {
  const stop: string[] = []
  const targets = new Map<string, { target: TargetState; keys: string[] }>()
  for (const [key, { spec, phase, target, failed = false }] of running) {
    if (phase === 'stopping') continue
    const wanted = desired.get(key)
    if (wanted === undefined || wanted.version !== spec.version) stop.push(key)
    else if (phase === 'running' && wanted.target !== target) {
      if (failed && spec.kind === 'connector' && wanted.target === 'STOPPED') {
        stop.push(key)
        continue
      }
      const change = targets.get(spec.connector) ?? { target: wanted.target, keys: [] }
      change.keys.push(key)
      targets.set(spec.connector, change)
    }
  }
  const starts = [...desired].filter(([key]) => !running.has(key))
  return [
    ...(stop.length > 0 ? [{ kind: 'stop' as const, keys: stop }] : []),
    ...[...targets].map(([connector, change]) => ({ kind: 'set-target' as const, connector, ...change })),
    ...starts.map(([key, spec]) => ({ kind: 'start' as const, key, spec })),
  ]
}
