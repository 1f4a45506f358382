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
  readonly offsets: OffsetStorageReader
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
  /** Asked every few seconds; cheap. */
  metrics?(): readonly TaskMetric[]
  stop(): Promise<void>
}
