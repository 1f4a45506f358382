import type { TopicPartition } from '../topic-partition.ts'

/** A member of a consumer group, as its leader sees it. */
export interface Subscriber {
  readonly memberId: string
  readonly groupInstanceId?: string | null
  readonly topics: readonly string[]
  /** What it says it has; empty in eager rebalances. */
  readonly owned?: readonly TopicPartition[]
  /** Of `owned`; −1: unknown. */
  readonly generation?: number
}

/** Partitions by member id; every member is there. */
export type Assignment = ReadonlyMap<string, readonly TopicPartition[]>

/** `partitions`: number of partitions per topic; a topic it does not know is passed over. */
export type AssignPartitions = (members: readonly Subscriber[], partitions: ReadonlyMap<string, number>) => Assignment

/** Static members first, by their instance ids, then by member id: the same order at every leader (AbstractPartitionAssignor.MemberInfo). */
export function inOrder<T extends Subscriber>(members: readonly T[]): readonly T[] {
  return members.toSorted((a, b) => {
    const [left, right] = [a.groupInstanceId ?? null, b.groupInstanceId ?? null]
    if (left !== null && right !== null && left !== right) return left < right ? -1 : 1
    if ((left === null) !== (right === null)) return left === null ? 1 : -1
    return a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0
  })
}
