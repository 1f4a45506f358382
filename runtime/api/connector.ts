import type { ConfigDef, ConfigValue } from './config-def.ts'
import type { Logger } from './logger.ts'
import type { Props } from './props.ts'
import type { SourceOffset, SourcePartition, TopicPartition } from './record.ts'
import type { SinkTask } from './sink-task.ts'
import type { SourceTask } from './source-task.ts'

export interface ConnectorContext {
  readonly connector: string
  readonly logger: Logger
  /** Ask the runtime to call taskConfigs again, e.g. when tables appeared. */
  requestTaskReconfiguration(): void
  /** Fail this connector for good. */
  raiseError(error: Error): void
}

interface ConnectorBase {
  start(props: Props, context: ConnectorContext): Promise<void>
  /** One map per task, at most `maxTasks`. */
  taskConfigs(maxTasks: number): Promise<readonly Props[]>
  stop(): Promise<void>
}

/** One entry of `PATCH /connectors/{name}/offsets` for a source. A reset names every known partition with the offset null. */
export interface SourceOffsetChange {
  readonly partition: SourcePartition | null
  /** null: to be removed. */
  readonly offset: SourceOffset | null
}
/** The same for a sink: an offset of its consumer group. */
export interface SinkOffsetChange extends TopicPartition {
  readonly offset: number | null
}

/**
 * `alterOffsets` is called on an instance that was not started, before the runtime changes the offsets that it keeps itself (KIP-875).
 * True: the connector knows of the change, and has carried it into the external system where it keeps offsets there. False, or no such method:
 * the caller is told that only the runtime's own offsets were changed. An error refuses the request; nothing is changed then.
 */
export interface SourceConnector extends ConnectorBase {
  alterOffsets?(props: Props, offsets: readonly SourceOffsetChange[]): Promise<boolean>
  /**
   * Called on an instance that was not started, with a config that is valid (KIP-618): can this connector deliver each record once, if the
   * runtime writes records and offsets in transactions? That takes offsets from which it resumes behind the very last committed record.
   * No such method, or null: the connector does not know.
   */
  exactlyOnceSupport?(props: Props): Support | null | Promise<Support | null>
  /** Called likewise: can its tasks say where transactions end (`transaction.boundary=connector`, SourceTaskContext.transactionContext)? */
  canDefineTransactionBoundaries?(props: Props): Support | null | Promise<Support | null>
}

export type Support = 'SUPPORTED' | 'UNSUPPORTED'
export interface SinkConnector extends ConnectorBase {
  alterOffsets?(props: Props, offsets: readonly SinkOffsetChange[]): Promise<boolean>
}

interface ConnectorClassBase {
  readonly version: string
  configDef(): ConfigDef
  /**
   * Checks that need more than one key or a connection, after the definition's own; returns the values to report, usually
   * those it was given with messages added (config-def.ts).
   */
  validate?(props: Props, values: readonly ConfigValue[]): Promise<readonly ConfigValue[]>
}

/** The class as a plugin registers it: connector and task are made by the runtime, in the thread where they run. */
export interface SourceConnectorClass extends ConnectorClassBase {
  readonly type: 'source'
  new (): SourceConnector
  readonly task: { new (): SourceTask; readonly className: string }
}
export interface SinkConnectorClass extends ConnectorClassBase {
  readonly type: 'sink'
  new (): SinkConnector
  readonly task: { new (): SinkTask; readonly className: string }
}
export type ConnectorClass = SourceConnectorClass | SinkConnectorClass
