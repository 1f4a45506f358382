import type { ConfigDef, ConfigValue } from './config-def.ts'
import type { Logger } from './logger.ts'
import type { Props } from './props.ts'
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
export type SourceConnector = ConnectorBase
export type SinkConnector = ConnectorBase

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
