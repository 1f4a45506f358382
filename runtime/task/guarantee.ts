import type {
  SourceConnectorClass,
  SourceOffset,
  SourcePartition,
  SourceTask,
  TransactionContext,
} from '../api/index.ts'
import type { SourceConfig } from '../config/connector-config.ts'
import type { Delivery } from './delivery.ts'
import type { ErrorTolerance } from './error-tolerance.ts'
import type { SourceTaskMetrics } from './task-metrics.ts'
import type { TaskParts } from './task-parts.ts'

/** What a source task's delivery is made of. */
export interface GuaranteeParts {
  readonly parts: TaskParts
  /** `connector-task` */
  readonly id: string
  readonly config: SourceConfig
  readonly connectorClass: SourceConnectorClass
  readonly task: SourceTask
  readonly tolerance: ErrorTolerance
  readonly metrics: SourceTaskMetrics
  /** Closed when the task has ended. */
  readonly opened: AsyncDisposableStack
}

/** How often a source task's records arrive: at least once, or exactly once. */
export interface Guarantee {
  /** Before the task starts; `stop` ends waiting. */
  prepare(stop: AbortSignal): Promise<void>
  readOffsets(partitions: readonly SourcePartition[]): Promise<readonly (SourceOffset | undefined)[]>
  readonly transactionContext: TransactionContext | undefined
  /** When the task has started. */
  delivery(): Delivery
}
