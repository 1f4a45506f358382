import type { FetchedRecord } from './records/fetched-record.ts'
import type { PartitionOffset, TopicPartition } from './topic-partition.ts'

export interface RebalanceListener {
  assigned(partitions: readonly TopicPartition[]): Promise<void>
  revoked(partitions: readonly TopicPartition[]): Promise<void>
  lost(partitions: readonly TopicPartition[]): Promise<void>
}

export class Consumer implements AsyncDisposable {
  subscribe(_topics: readonly string[] | RegExp, _listener: RebalanceListener): void {}
  async poll(_options: {
    readonly signal?: AbortSignal
    readonly timeoutMs: number
  }): Promise<readonly FetchedRecord[]> {
    throw new Error('not connected')
  }
  async commit(_offsets: readonly PartitionOffset[], _signal?: AbortSignal): Promise<void> {
    throw new Error('not connected')
  }
  async committed(
    _partitions: readonly TopicPartition[],
  ): Promise<readonly { readonly topic: string; readonly partition: number; readonly offset: number | undefined }[]> {
    throw new Error('not connected')
  }
  seek(_topic: string, _partition: number, _offset: number): void {}
  pause(_partitions: readonly TopicPartition[]): void {}
  resume(_partitions: readonly TopicPartition[]): void {}
  position(_topic: string, _partition: number): number | undefined {
    return undefined
  }
  assignment(): readonly TopicPartition[] {
    return []
  }
  wakeup(): void {}
  lag(): readonly { readonly topic: string; readonly partition: number; readonly lag: number }[] {
    return []
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}
