import type { Logger, Props, SourceOffset, SourcePartition } from '../api/index.ts'
import { transformSpecs } from '../config/connector-config.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import { ErrorLog } from './error-log.ts'
import { ErrorMetrics } from './error-metrics.ts'
import { ErrorTolerance } from './error-tolerance.ts'
import type { ErrorReporter } from './error-tolerance.ts'
import { buildConverters, RecordConverter } from './record-converter.ts'
import type { TaskProgress } from './task-progress.ts'
import type { TaskNews } from './runnable-task.ts'
import type { OffsetRecord } from './source-offsets.ts'
import { TopicUse } from './topic-use.ts'
import { TransformationChain } from './transformation-chain.ts'

/** What a task is made of: the configuration with its secrets, and the ways to the outside of its thread. */
export interface TaskParts {
  readonly connector: string
  readonly task: number
  readonly connectorProps: Props
  readonly taskProps: Props
  readonly worker: WorkerConfig
  readonly plugins: PluginRegistry
  readonly logger: Logger
  readonly news: TaskNews
  readonly progress: TaskProgress
  readonly topicUsed: (topic: string) => void
  readonly readOffsets: (partitions: readonly SourcePartition[]) => Promise<readonly (SourceOffset | undefined)[]>
  /** The task's configuration with its secrets as they are now. */
  readonly configs: () => Promise<Props>
  /** Invariant 3: false when the worker has lost its place in the group, so that others may run this task by now. */
  readonly stillOurs: () => Promise<boolean>
  /** Throws when this start of the task is out of date: newer task configs exist, or it belongs to another worker by now. */
  readonly verify: () => Promise<void>
  /** undefined: offsets go to the offset topic */
  readonly writeOffsets: ((records: readonly OffsetRecord[]) => Promise<void>) | undefined
}

interface ErrorSettings {
  readonly 'errors.tolerance': string
  readonly 'errors.retry.timeout': number
  readonly 'errors.retry.delay.max.ms': number
  readonly 'errors.log.enable': boolean
  readonly 'errors.log.include.messages': boolean
}

/** What sources and sinks have in common: transformations, converters, topics, error counters. */
export class CommonParts {
  /** `connector-task` */
  readonly id: string
  readonly labels: { readonly connector: string; readonly task: string }
  readonly errors = new ErrorMetrics()
  readonly topics: TopicUse
  readonly chain: TransformationChain
  readonly converter: RecordConverter
  readonly #parts: TaskParts

  constructor(parts: TaskParts) {
    const { connector, task, connectorProps, plugins, worker, topicUsed } = parts
    this.#parts = parts
    this.id = `${connector}-${task}`
    this.labels = { connector, task: String(task) }
    this.topics = new TopicUse(topicUsed)
    this.chain = TransformationChain.build(transformSpecs(connectorProps), plugins)
    this.converter = new RecordConverter(buildConverters(connectorProps, worker, plugins))
  }

  tolerance(config: ErrorSettings, deadLetters?: ErrorReporter): ErrorTolerance {
    const reporters: ErrorReporter[] = []
    if (config['errors.log.enable'])
      reporters.push(
        new ErrorLog({
          task: this.id,
          includeMessages: config['errors.log.include.messages'],
          logger: this.#parts.logger,
          metrics: this.errors,
        }),
      )
    if (deadLetters !== undefined) reporters.push(deadLetters)
    return new ErrorTolerance({
      tolerance: config['errors.tolerance'] === 'all' ? 'all' : 'none',
      retryTimeoutMs: config['errors.retry.timeout'],
      retryDelayMaxMs: config['errors.retry.delay.max.ms'],
      reporters,
      metrics: this.errors,
    })
  }
}
