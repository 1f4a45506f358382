import type { TopicPartition } from './topic-partition.ts'

/** Called inside poll and awaited there: no records come while it runs. */
export interface RebalanceListener {
  /** What is new: all, unless the rebalance is cooperative; positions are set already and seek() works. */
  assigned(partitions: readonly TopicPartition[]): Promise<void>
  /** What goes to others: all, unless the rebalance is cooperative. Still owned: the last chance to commit. */
  revoked(partitions: readonly TopicPartition[]): Promise<void>
  /** Owned by others already: nothing can be committed. */
  lost(partitions: readonly TopicPartition[]): Promise<void>
}
