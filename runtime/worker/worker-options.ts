import type { Logger, Plugin, SourceOffset, SourcePartition } from '../api/index.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { LogLevels } from '../isolate/messages.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { InstanceState, TaskId } from './lifecycle-state.ts'
import type { SourceStarts } from './source-starts.ts'

/** News of a worker, subscribed once where the process is put together. */
export interface WorkerEvents {
  connectorState(name: string, state: InstanceState, generation: number, trace?: string): void
  taskState(id: TaskId, state: InstanceState, generation: number, trace?: string): void
  /** The connector wants taskConfigs to be asked again. */
  reconfigurationRequested(connector: string): void
  /** What a config provider gave for the connector, or for one of its tasks, has expired, and it wants to be restarted then. */
  secretsExpired?(connector: string, task?: number): void
  /** Repeated every few seconds while the task uses the topic, so that a reset list of topics fills again. */
  topicUsed(id: TaskId, topic: string): void
}

export interface WorkerOptions {
  readonly config: WorkerConfig
  readonly plugins: PluginRegistry
  readonly logger: Logger
  readonly metrics: Metrics
  /** Levels of loggers; `logLevelsChanged` carries later ones to what runs. */
  readonly logLevels?: () => LogLevels
  readonly events: WorkerEvents
  readonly readOffsets: (
    connector: string,
    partitions: readonly SourcePartition[],
  ) => Promise<readonly (SourceOffset | undefined)[]>
  /** Where source offsets go when there is no offset topic (standalone); bytes as in the topic. */
  readonly writeOffsets?: (records: readonly OffsetRecord[]) => Promise<void>
  /** Invariant 3: false when this worker has lost its place in the group. Absent: there is no group. */
  readonly stillOurs?: () => Promise<boolean>
  readonly sourceStarts?: SourceStarts
  /** Plugins handed in as objects: they cannot be loaded in another thread, so their connectors run inline. */
  readonly extraPlugins?: readonly Plugin[]
  /** Called when a thread or process is about to start, each time. */
  readonly beforeWork?: () => void
}

export interface OffsetRecord {
  readonly key: Buffer
  readonly value: Buffer | null
}
