import type { Logger } from './logger.ts'
import type { Props } from './props.ts'
import type { SourceOffset, SourcePartition, SourceRecord } from './record.ts'

export interface OffsetStorageReader {
  /** Offsets as last committed, in the order asked; `undefined` where there is none. Integers come back as number when safe, else bigint. */
  offsets(partitions: readonly SourcePartition[]): Promise<readonly (SourceOffset | undefined)[]>
}

export interface SourceTaskContext {
  readonly connector: string
  readonly task: number
  readonly logger: Logger
  /** The task's configuration, as given to `start`, but with the values of config providers as they are now: a password may have changed since. */
  configs(): Promise<Props>
  readonly offsets: OffsetStorageReader
  /** Only with exactly-once support and `transaction.boundary=connector`. */
  readonly transactionContext?: TransactionContext | undefined
}

/**
 * Where the task wants transactions to end (KIP-618). Without a record: behind the batch that the running or next poll returns; with one: right
 * behind that record. What is aborted reaches no reader that reads committed records only, but its offsets are committed: it does not come again.
 * Both for the same place is an error that fails the task.
 */
export interface TransactionContext {
  commitTransaction(record?: SourceRecord): void
  abortTransaction(record?: SourceRecord): void
}

/** A figure that a task wants to be seen in the worker's metrics, e.g. how far it is behind its source. */
export interface TaskMetric {
  /** Lower case with dashes; ends in `-total` when it only grows. */
  readonly name: string
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}

export interface CommittedOffset {
  readonly partition: SourcePartition
  readonly offset: SourceOffset
}

export interface SourceTask {
  start(props: Props, context: SourceTaskContext): Promise<void>
  /** Next batch, or an empty array. Blocks until there is data or `signal` aborts (then: empty). Never called twice at once. */
  poll(signal: AbortSignal): Promise<readonly SourceRecord[]>
  /** These offsets are durable in Kafka. The place to confirm them to the source system. Also called with [] after a quiet interval. */
  commit?(offsets: readonly CommittedOffset[]): Promise<void>
  /**
   * True: a batch of poll never ends between records that share a source offset, so that transactions may end with it. Else exactly-once delivery
   * waits a moment for the next batch, to see whether it goes on with the same offset.
   */
  readonly keepsUnitsWhole?: boolean
  /** Asked every few seconds; cheap. */
  metrics?(): readonly TaskMetric[]
  stop(): Promise<void>
}
