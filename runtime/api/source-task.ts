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
  stop(): Promise<void>
}
