import { ConnectError, NotFoundError } from '../api/errors.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { StatusBackingStore } from '../storage/status-backing-store.ts'
import type { Status, StatusState } from '../storage/status-records.ts'
import type { ConfigBackingStore } from '../storage/config-backing-store.ts'
import type { ConnectorConfigs, ConnectorType } from './connector-configs.ts'
import type { RestartPlan } from './restart-plan.ts'

export interface InstanceStatus {
  readonly state: StatusState
  readonly worker_id: string
  readonly trace?: string
  readonly version: string | null
}

/** JSON of GET /connectors/{name}/status. */
export interface ConnectorStatus {
  readonly name: string
  readonly connector: InstanceStatus
  readonly tasks: readonly TaskStatus[]
  readonly type: ConnectorType
}
export type TaskStatus = { readonly id: number } & InstanceStatus

export interface ActiveTopics {
  readonly [connector: string]: { readonly topics: readonly string[] }
}

/** What the status log says, in the shapes of REST. Any worker answers from its copy. */
export class ConnectorStatuses {
  readonly #statuses: StatusBackingStore
  readonly #state: ConfigBackingStore
  readonly #configs: ConnectorConfigs
  readonly #config: WorkerConfig

  constructor(options: {
    readonly statuses: StatusBackingStore
    readonly store: ConfigBackingStore
    readonly configs: ConnectorConfigs
    readonly config: WorkerConfig
  }) {
    this.#statuses = options.statuses
    this.#state = options.store
    this.#configs = options.configs
    this.#config = options.config
  }

  status(name: string): ConnectorStatus {
    const connector = this.#statuses.connector(name)
    if (connector === undefined) throw new NotFoundError(`No status found for connector ${name}`)
    return {
      name,
      connector: instance(connector),
      tasks: this.#tasks(name).map(([id, status]) => ({ id, ...instance(status) })),
      type: this.#configs.type(name),
    }
  }

  /** The same with the planned instances shown as RESTARTING. */
  restarting(name: string, plan: RestartPlan): ConnectorStatus {
    const { connector, tasks, ...rest } = this.status(name)
    const shown = <S extends InstanceStatus>({ trace: _, ...status }: S): S =>
      ({ ...status, state: 'RESTARTING' }) as unknown as S
    return {
      name: rest.name,
      connector: plan.restartConnector ? shown(connector) : connector,
      tasks: tasks.map((task) => (plan.tasks.includes(task.id) ? shown(task) : task)),
      type: rest.type,
    }
  }

  taskStatus(connector: string, task: number): TaskStatus {
    const status = this.#statuses.task(connector, task)
    if (status === undefined) throw new NotFoundError(`No status found for task ${connector}-${task}`)
    return { id: task, ...instance(status) }
  }

  /** Statuses of tasks that a smaller, newer set no longer has are on their way out. */
  #tasks(name: string): readonly (readonly [number, Status])[] {
    const count = this.#state.state.taskSets.get(name)?.count ?? Infinity
    return this.#statuses.tasks(name).filter(([task]) => task < count)
  }

  activeTopics(connector: string): ActiveTopics {
    this.#requireTracking()
    return { [connector]: { topics: this.#statuses.topics(connector).map(({ topic }) => topic) } }
  }

  resetActiveTopics(connector: string): void {
    this.#requireTracking()
    if (!this.#config.common['topic.tracking.allow.reset'])
      throw new ForbiddenError('Topic tracking reset is disabled.')
    this.#statuses.removeTopics(connector)
  }

  #requireTracking(): void {
    if (!this.#config.common['topic.tracking.enable']) throw new ForbiddenError('Topic tracking is disabled.')
  }
}

/** The worker's configuration forbids what was asked. */
export class ForbiddenError extends ConnectError {}

function instance({ state, workerId, trace, version }: Status): InstanceStatus {
  return { state, worker_id: workerId, ...(trace === null || trace === '' ? {} : { trace }), version }
}
