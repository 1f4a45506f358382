import type { ConfigValue, Logger, Plugin, Props, SourceOffset, SourcePartition } from '../api/index.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { InstanceState, TargetState, TaskId } from './lifecycle-state.ts'

export type { InstanceState, TargetState, TaskId } from './lifecycle-state.ts'

/** News of a worker, subscribed once where the process is put together. */
export interface WorkerEvents {
  connectorState(name: string, state: InstanceState, generation: number, trace?: string): void
  taskState(id: TaskId, state: InstanceState, generation: number, trace?: string): void
  /** The connector wants taskConfigs to be asked again. */
  reconfigurationRequested(connector: string): void
  /** Repeated every few seconds while the task uses the topic, so that a reset list of topics fills again. */
  topicUsed(id: TaskId, topic: string): void
}

export interface ConnectorStart {
  readonly name: string
  readonly props: Props
  readonly target: TargetState
  readonly generation: number
}

export interface TaskStart {
  readonly id: TaskId
  readonly connectorProps: Props
  readonly taskProps: Props
  readonly target: TargetState
  readonly generation: number
}

export interface WorkerOptions {
  readonly config: WorkerConfig
  readonly plugins: PluginRegistry
  readonly logger: Logger
  readonly metrics: Metrics
  readonly events: WorkerEvents
  readonly readOffsets: (
    connector: string,
    partitions: readonly SourcePartition[],
  ) => Promise<readonly (SourceOffset | undefined)[]>
  /** Where source offsets go when there is no offset topic (standalone); bytes as in the topic. */
  readonly writeOffsets?: (records: readonly OffsetRecord[]) => Promise<void>
  /** Plugins handed in as objects: they cannot be loaded in another thread, so their connectors run inline. */
  readonly extraPlugins?: readonly Plugin[]
}

export interface OffsetRecord {
  readonly key: Buffer
  readonly value: Buffer
}

/** The connectors and tasks of this process. Knows nothing of REST, groups or the config topic. */
export class Worker implements AsyncDisposable {
  constructor(_options: WorkerOptions) {}
  async startConnector(_spec: ConnectorStart): Promise<void> {}
  async taskConfigs(_name: string, _maxTasks: number): Promise<readonly Props[]> {
    return []
  }
  async validate(_className: string, _props: Props): Promise<readonly ConfigValue[]> {
    return []
  }
  async stopConnectors(_names: readonly string[]): Promise<void> {}
  async startTask(_spec: TaskStart): Promise<void> {}
  async stopTasks(_ids: readonly TaskId[]): Promise<void> {}
  async setTarget(_connector: string, _target: TargetState): Promise<void> {}
  running(): { readonly connectors: readonly string[]; readonly tasks: readonly TaskId[] } {
    return { connectors: [], tasks: [] }
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}
