import type { ConnectError } from '../api/errors.ts'
import type { Work } from '../group/assignment.ts'
import type { GroupEvents, Membership } from '../group/group.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import type { ConfigEvent } from '../storage/cluster-config-state.ts'
import type { StatusState, StatusSubject } from '../storage/status-records.ts'
import { ConnectorConfigs } from './connector-configs.ts'
import { ConnectorLifecycle } from './connector-lifecycle.ts'
import { ConnectorOffsets } from './connector-offsets.ts'
import { ConnectorStatuses } from './connector-statuses.ts'
import { ConnectorValidation } from './connector-validation.ts'
import { connectorKey, taskKey } from './desired-work.ts'
import { LeaderDuties } from './leader-duties.ts'
import { Leadership } from './leadership.ts'
import type { HerderParts } from './parts.ts'
import { Reconciler } from './reconciler.ts'
import { SourceStartChecks } from './source-start-checks.ts'
import { TaskConfigs } from './task-configs.ts'
import { ZombieFencing } from './zombie-fencing.ts'

/**
 * What may be asked of the cluster, and this worker's part in it. The herder itself only passes news on: a change of the config log, of the
 * group, of an instance goes to those who decide something by it.
 */
export class Herder implements GroupEvents, Disposable {
  readonly parts: HerderParts
  readonly leadership: Leadership
  readonly validation: ConnectorValidation
  readonly configs: ConnectorConfigs
  readonly statuses: ConnectorStatuses
  readonly lifecycle: ConnectorLifecycle
  readonly offsets: ConnectorOffsets
  readonly taskConfigs: TaskConfigs
  readonly fencing: ZombieFencing
  readonly sourceStarts: SourceStartChecks
  readonly #reconciler: Reconciler
  readonly #duties: LeaderDuties

  constructor(parts: HerderParts) {
    this.parts = parts
    const { worker, configs: store, group, logger, config, statuses } = parts
    this.leadership = new Leadership(group, parts.stages)
    this.validation = new ConnectorValidation(parts)
    this.configs = new ConnectorConfigs(parts, this.validation, this.leadership)
    this.statuses = new ConnectorStatuses({ statuses, store, configs: this.configs, config })
    this.#reconciler = new Reconciler({
      worker,
      configs: store,
      group,
      logger,
      connectorStarted: (connector) => this.taskConfigs.refresh(connector),
    })
    this.taskConfigs = new TaskConfigs({
      parts,
      leadership: this.leadership,
      isRunning: (key) => this.#reconciler.isRunning(key),
      failConnector: (connector, error) => this.#failConnector(connector, error),
    })
    this.lifecycle = new ConnectorLifecycle({
      parts,
      leadership: this.leadership,
      reconciler: this.#reconciler,
      statuses: this.statuses,
    })
    this.fencing = new ZombieFencing(parts, this.leadership)
    this.offsets = new ConnectorOffsets(parts, this.configs, this.leadership, this.fencing)
    this.sourceStarts = new SourceStartChecks(parts, this.leadership, this.fencing)
    this.#duties = new LeaderDuties(parts, this.leadership)
  }

  start(): void {
    this.parts.configs.onChange = () => this.#configChanged()
    this.parts.configs.onEvent = (event) => this.#configEvent(event)
    this.parts.group.start(this)
  }

  #configChanged(): void {
    const { configs, group } = this.parts
    const { membership } = group
    // Connectors or task sets appeared or went after the leader's decision: it has to decide again.
    if (membership !== undefined && configs.state.structureOffset > membership.configOffset) group.rejoin()
    this.#reconciler.poke()
    this.#duties.poke()
  }

  #configEvent(event: ConfigEvent): void {
    switch (event.kind) {
      case 'restart':
        void this.lifecycle.restartOurs(event)
        return
      case 'logger-level':
        this.parts.setLogLevel(event.logger, event.level)
        return
    }
  }

  assigned(membership: Membership): void {
    this.#reconciler.assigned(membership)
    this.leadership.poke()
    // The log may have moved on while the group was agreeing.
    this.#configChanged()
  }

  async revoked(work: Work): Promise<void> {
    await this.#reconciler.revoke(work)
  }

  /** Resolves when this worker has started the connector, with whatever result. */
  async started(connector: string, signal: AbortSignal): Promise<void> {
    await this.#reconciler.started(connectorKey(connector), signal)
  }

  /** An instance of this worker changed its state. */
  instanceState(subject: StatusSubject, state: StatusState, generation: number, trace?: string): void {
    const { statuses, workerId } = this.parts
    const { connector, task } = subject
    this.#reconciler.told(task === undefined ? connectorKey(connector) : taskKey({ connector, task }), state)
    if (this.#isGone(subject)) {
      statuses.remove(subject)
      return
    }
    const version = state === 'UNASSIGNED' ? null : this.configs.version(subject.connector)
    const status = { state, workerId, generation, trace: trace ?? null, version }
    if (state === 'UNASSIGNED' || state === 'FAILED') statuses.putSafely(subject, status)
    else statuses.put(subject, status)
  }

  /** The end of an instance that was deleted, or that a smaller task set left out, leaves no status. */
  #isGone({ connector, task }: StatusSubject): boolean {
    const { state } = this.parts.configs
    if (!state.connectors.has(connector)) return true
    const count = state.taskSets.get(connector)?.count
    return task !== undefined && count !== undefined && task >= count
  }

  topicUsed(connector: string, task: number, topic: string): void {
    const { statuses, config, configs } = this.parts
    if (!config.common['topic.tracking.enable'] || !configs.state.connectors.has(connector)) return
    if (!statuses.knowsTopic(connector, topic)) statuses.putTopic({ topic, connector, task, discoveredAt: Date.now() })
  }

  #failConnector(connector: string, error: ConnectError): void {
    this.parts.logger.error(`connector ${connector} fails`, { error })
    const generation = this.parts.group.membership?.generation ?? 0
    this.instanceState({ connector }, 'FAILED', generation, stackTrace(error))
  }

  [Symbol.dispose](): void {
    this.taskConfigs[Symbol.dispose]()
    this.sourceStarts[Symbol.dispose]()
    this.#duties[Symbol.dispose]()
  }
}
