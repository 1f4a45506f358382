import { taskIsolation } from '../config/connector-config.ts'
import { checkTasksMax } from '../config/tasks-max.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { Secrets } from '../config/secrets.ts'
import type { IsolatePool } from '../isolate/isolate-pool.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import { restartBudget, stallSettings } from './restart-budget.ts'
import { taskLaunch } from './launch-spec.ts'
import type { TaskStart } from './launch-spec.ts'
import { taskName } from './lifecycle-state.ts'
import type { InstanceState } from './lifecycle-state.ts'
import { Resident } from './resident.ts'
import type { Stall } from './resident.ts'
import type { Residents } from './residents.ts'
import type { SourceStarts } from './source-starts.ts'

export interface ResidentEnvironment {
  readonly config: WorkerConfig
  readonly plugins: PluginRegistry
  readonly secrets: Secrets
  readonly pool: IsolatePool
  readonly residents: Residents
  /** Classes that exist in this thread only. */
  readonly onlyInline: (className: string) => boolean
  /** undefined: without exactly-once support */
  readonly sourceStarts: SourceStarts | undefined
}

/** A task of this worker. */
export function workerTask(
  spec: TaskStart,
  environment: ResidentEnvironment,
  told: (state: InstanceState, trace: string | undefined) => void,
  stalled: (stall: Stall) => void,
): Resident {
  const { config, plugins, secrets, pool, residents, onlyInline, sourceStarts } = environment
  const { connectorProps } = spec
  return new Resident({
    label: `task ${taskName(spec.id)}`,
    target: spec.target,
    residents,
    isolate: (alone) => {
      if (Object.values(connectorProps).some(onlyInline)) return pool.inline()
      const isolation = taskIsolation(connectorProps, config)
      if (!alone) return pool.forTask(isolation, spec.id.connector)
      switch (isolation) {
        case 'process':
          return pool.ownProcess(spec.id.connector)
        case 'shared':
        case 'dedicated':
          return pool.dedicated()
        case 'inline':
          return pool.inline()
      }
    },
    launch: async (instance, target) => {
      // A set that older workers published, or that was written by hand.
      checkTasksMax(spec.id.connector, connectorProps, spec.tasks ?? 0)
      const { timeoutMs } = stallSettings(connectorProps, config)
      const { type } = plugins.connectorOf(connectorProps)
      if (type === 'source') await sourceStarts?.fence(spec)
      const launch = await taskLaunch(spec, target, secrets, plugins, timeoutMs)
      return { type: 'start-task', instance, launch }
    },
    told,
    stalled,
    budget: restartBudget(connectorProps, config),
  })
}
