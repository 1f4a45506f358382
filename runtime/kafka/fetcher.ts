import type { FetchedRecord } from './records/fetched-record.ts'
import type { TopicPartition } from './topic-partition.ts'

export type { FetchedRecord } from './records/fetched-record.ts'
export type { TopicPartition } from './topic-partition.ts'

export interface FetchStart extends TopicPartition {
  readonly offset: number | 'earliest' | 'latest'
}

export class Fetcher implements AsyncDisposable {
  assign(_partitions: readonly FetchStart[]): void {}
  async poll(_options: {
    readonly signal?: AbortSignal
    readonly timeoutMs: number
    readonly maxRecords?: number
  }): Promise<readonly FetchedRecord[]> {
    throw new Error('not connected')
  }
  seek(_topic: string, _partition: number, _offset: number): void {}
  pause(_partitions: readonly TopicPartition[]): void {}
  resume(_partitions: readonly TopicPartition[]): void {}
  position(_topic: string, _partition: number): number | undefined {
    return undefined
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}
