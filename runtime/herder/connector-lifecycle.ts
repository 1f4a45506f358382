import { ConnectError, NotFoundError } from '../api/errors.ts'
import { targetState } from '../storage/cluster-config-state.ts'
import type { TargetState } from '../storage/config-records.ts'
import type { StatusSubject } from '../storage/status-records.ts'
import type { ConnectorStatus, ConnectorStatuses } from './connector-statuses.ts'
import { connectorKey, taskKey } from './desired-work.ts'
import type { Leadership } from './leadership.ts'
import { ElsewhereError } from './leadership.ts'
import type { HerderParts } from './parts.ts'
import type { Reconciler } from './reconciler.ts'
import { restartPlan } from './restart-plan.ts'
import type { RestartPlan, RestartRequest } from './restart-plan.ts'

export interface ConnectorLifecycleOptions {
  readonly parts: HerderParts
  readonly leadership: Leadership
  readonly reconciler: Reconciler
  readonly statuses: ConnectorStatuses
}

/** Pause, resume, stop, restart. All but the restart of one instance are appends to the config log. */
export class ConnectorLifecycle {
  readonly #parts: HerderParts
  readonly #leadership: Leadership
  readonly #reconciler: Reconciler
  readonly #statuses: ConnectorStatuses

  constructor(options: ConnectorLifecycleOptions) {
    this.#parts = options.parts
    this.#leadership = options.leadership
    this.#reconciler = options.reconciler
    this.#statuses = options.statuses
  }

  async pause(name: string): Promise<void> {
    await this.#setTarget(name, 'PAUSED')
  }

  async resume(name: string): Promise<void> {
    await this.#setTarget(name, 'STARTED')
  }

  async #setTarget(name: string, target: TargetState): Promise<void> {
    this.#require(name, `Unknown connector ${name}`)
    await this.#parts.configs.putTargetState(name, target)
  }

  /** Its tasks are gone, also from the configuration; the connector stays. */
  async stop(name: string, signal: AbortSignal): Promise<void> {
    await this.#leadership.write(signal, async () => {
      this.#require(name, `Unknown connector ${name}`)
      const { configs, stages } = this.#parts
      const doing = `writing the STOPPED target stage for connector ${name} to the config topic`
      await stages.during(doing, async () => {
        if (targetState(configs.state, name) !== 'STOPPED') await configs.putTargetState(name, 'STOPPED')
        if (configs.state.taskSets.get(name)?.count !== 0) await configs.putTaskConfigs(name, [])
      })
    })
  }

  /** The connector's own instance, by the worker that runs it; resolves when it runs again. */
  async restartConnector(name: string, signal: AbortSignal): Promise<void> {
    await this.#leadership.settled(signal)
    this.#require(name, `Unknown connector: ${name}`)
    await this.#restartHere({ connector: name }, `Failed to start connector: ${name}`, signal)
  }

  async restartTask(connector: string, task: number, signal: AbortSignal): Promise<void> {
    await this.#leadership.settled(signal)
    this.#require(connector, `Unknown connector: ${connector}`)
    if (this.#parts.configs.state.taskSets.get(connector)?.configs[task] === undefined)
      throw new NotFoundError(`Unknown task: ${connector}-${task}`)
    await this.#restartHere({ connector, task }, `Failed to start task: ${connector}-${task}`, signal)
  }

  async #restartHere(subject: StatusSubject, failure: string, signal: AbortSignal): Promise<void> {
    const key = keyOf(subject)
    if (!this.#reconciler.isOurs(key)) throw new ElsewhereError(this.#ownerUrl(subject))
    const { connector, task } = subject
    const doing = task === undefined ? 'starting the connector' : `restarting task ${connector}-${task}`
    await this.#parts.stages.during(doing, () => this.#reconciler.restart([key], signal))
    signal.throwIfAborted()
    // What becomes of a task is seen in its status; a connector that cannot start is told at once.
    const failed = task === undefined && this.#parts.worker.connectorState(connector) === 'FAILED'
    if (failed || !this.#reconciler.isRunning(key)) throw new ConnectError(failure)
  }

  /** The group tells only the leader who has what; the status log tells everybody. */
  #ownerUrl({ connector, task }: StatusSubject): string {
    const { statuses, workerId, group } = this.#parts
    const status = task === undefined ? statuses.connector(connector) : statuses.task(connector, task)
    const owner = status?.workerId
    if (owner !== undefined && owner !== workerId) return new URL(`//${owner}/`, this.#parts.url).href
    if (group.membership !== undefined && !group.membership.isLeader) return group.membership.leaderUrl
    throw new ConnectError('Cannot complete request because of a conflicting operation (e.g. worker rebalance)', {
      code: 'CONFLICT',
    })
  }

  /** Connector and tasks at once, wherever they run: every worker reads the request from the config log. */
  async restart(request: RestartRequest, signal: AbortSignal): Promise<ConnectorStatus> {
    const { connector } = request
    return await this.#leadership.write(signal, async () => {
      this.#require(connector, `Unknown connector: ${connector}`)
      const plan = this.#plan(request)
      const answer = this.#statuses.restarting(connector, plan)
      const { configs, stages } = this.#parts
      const doing = `writing restart request for connector ${connector} to the config topic`
      if (plan.restartConnector || plan.tasks.length > 0) await stages.during(doing, () => configs.putRestart(request))
      return answer
    })
  }

  /** A restart request came out of the config log: do our part of it. */
  async restartOurs(request: RestartRequest): Promise<void> {
    const { connector } = request
    const plan = this.#plan(request)
    const subjects: StatusSubject[] = plan.tasks.map((task) => ({ connector, task }))
    if (plan.restartConnector) subjects.push({ connector })
    const ours = subjects.filter((subject) => this.#reconciler.isOurs(keyOf(subject)))
    const { statuses, workerId, group } = this.#parts
    const generation = group.membership?.generation ?? 0
    for (const subject of ours)
      statuses.put(subject, { state: 'RESTARTING', workerId, generation, trace: null, version: null })
    await this.#reconciler.restart(ours.map(keyOf))
  }

  #plan(request: RestartRequest): RestartPlan {
    const { statuses, configs } = this.#parts
    const count = configs.state.taskSets.get(request.connector)?.count ?? 0
    return restartPlan(request, {
      connector: statuses.connector(request.connector)?.state,
      tasks: statuses
        .tasks(request.connector)
        .filter(([task]) => task < count)
        .map(([task, { state }]) => [task, state]),
    })
  }

  #require(name: string, message: string): void {
    if (!this.#parts.configs.state.connectors.has(name)) throw new NotFoundError(message)
  }
}

function keyOf({ connector, task }: StatusSubject): string {
  return task === undefined ? connectorKey(connector) : taskKey({ connector, task })
}
