import type { TopicPartition } from '../topic-partition.ts'
import { inOrder } from './assignor.ts'
import type { Assignment, Subscriber } from './assignor.ts'

/**
 * Per topic, its partitions in ranges over its subscribers in order; the first ones get one more when it does not come out even (Java's
 * RangeAssignor without racks).
 */
export function assignRanges(members: readonly Subscriber[], partitions: ReadonlyMap<string, number>): Assignment {
  const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
  const ordered = inOrder(members)
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
