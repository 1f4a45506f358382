import { taskIsolation } from '../config/connector-config.ts'
import { connectorLaunch } from './launch-spec.ts'
import type { ConnectorStart } from './launch-spec.ts'
import type { InstanceState } from './lifecycle-state.ts'
import { Resident } from './resident.ts'
import { restartBudget } from './restart-budget.ts'
import type { ResidentEnvironment } from './worker-task.ts'

/** A connector of this worker: all live in one thread, apart from those that cannot leave this one. */
export function workerConnector(
  spec: ConnectorStart,
  environment: ResidentEnvironment,
  told: (state: InstanceState, trace: string | undefined) => void,
): Resident {
  const { config, plugins, secrets, pool, residents, onlyInline } = environment
  return new Resident({
    label: `connector ${spec.name}`,
    target: spec.target,
    residents,
    isolate: (alone) => {
      if (Object.values(spec.props).some(onlyInline)) return pool.inline()
      // What must not end the worker's process lives in another one, with all it has.
      if (taskIsolation(spec.props, config) === 'process')
        return alone ? pool.ownProcess(spec.name) : pool.process(spec.name)
      return alone ? pool.dedicated() : pool.forConnectors()
    },
    launch: async (instance, target) => {
      // Names what is wrong before a thread is asked.
      plugins.connectorOf(spec.props)
      return { type: 'start-connector', instance, launch: await connectorLaunch(spec, target, secrets) }
    },
    told,
    budget: restartBudget(spec.props, config),
  })
}
