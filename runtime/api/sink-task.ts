import type { Logger } from './logger.ts'
import type { Props } from './props.ts'
import type { SinkRecord, TopicPartition } from './record.ts'
import type { TaskMetric } from './source-task.ts'

export interface PartitionOffset extends TopicPartition {
  /** The next offset to consume (last delivered + 1). */
  readonly offset: number
}
export type Offsets = readonly PartitionOffset[]

export interface ErrantRecordReporter {
  /** Resolves when the report is durable; offsets behind it are not committed before. */
  report(record: SinkRecord, error: Error): Promise<void>
}

export interface SinkTaskContext {
  readonly connector: string
  readonly task: number
  readonly logger: Logger
  /** The task's configuration, as given to `start`, but with the values of config providers as they are now: a password may have changed since. */
  configs(): Promise<Props>
  /** Present when a dead letter queue or error logging is configured. */
  readonly errantRecords: ErrantRecordReporter | undefined
  readonly assignment: () => readonly TopicPartition[]
  /**
   * Was all there is of an assigned partition given to put, with the batch at hand? Only a broker's answer to a fetch behind the last record makes it
   * true: it stays false while the broker is away and after a seek. (Kafka Connect has no such question.)
   */
  atEnd(partition: TopicPartition): boolean
  /** Continue reading at these offsets, from the next poll on. */
  seek(offsets: Offsets): void
  /** Wait at most this long (ms) for the next put; also the delay before a retried put. */
  timeout(ms: number): void
  /** Commit before the next poll instead of at the next interval. */
  requestCommit(): void
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
}

export interface SinkTask {
  start(props: Props, context: SinkTaskContext): Promise<void>
  open?(partitions: readonly TopicPartition[]): Promise<void>
  /** Called at every poll, also with an empty array: the place to look at the clock. RetriableError: the same batch comes again. */
  put(records: readonly SinkRecord[], signal: AbortSignal): Promise<void>
  /** What may be committed, at most `delivered`. Default: `delivered`. Partitions left out keep their committed offset. */
  preCommit?(delivered: Offsets): Promise<Offsets>
  /** These partitions were revoked; what preCommit returned just before is committed. */
  close?(partitions: readonly TopicPartition[]): Promise<void>
  /** Asked every few seconds; cheap. */
  metrics?(): readonly TaskMetric[]
  stop(): Promise<void>
}
