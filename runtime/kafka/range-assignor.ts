import type { TopicPartition } from './topic-partition.ts'

export interface Subscriber {
  readonly memberId: string
  readonly topics: readonly string[]
}

/** The name under which Java members offer it too, so that both can share a group. */
export const RANGE = 'range'

/**
 * Per topic, its partitions in ranges over its subscribers in order of member id; the first ones get one more when it does not come out
 * even (Java's RangeAssignor without racks). `partitions`: number of partitions per topic; a topic it does not know is passed over.
 */
export function assignRanges(
  members: readonly Subscriber[],
  partitions: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly TopicPartition[]> {
  const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
  const ordered = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort()
  for (const topic of topics) {
    const subscribers = ordered.filter((member) => member.topics.includes(topic))
    const count = partitions.get(topic) ?? 0
    const share = Math.floor(count / subscribers.length)
    const extra = count % subscribers.length
    let next = 0
    for (const [index, { memberId }] of subscribers.entries()) {
      const end = next + share + (index < extra ? 1 : 0)
      for (; next < end; next++) assignment.get(memberId)!.push({ topic, partition: next })
    }
  }
  return assignment
}
