import type { TopicPartition } from '../topic-partition.ts'
import { inOrder } from './assignor.ts'
import type { Assignment, Subscriber } from './assignor.ts'

/** All partitions in order to the members in turn, passing over who does not subscribe to the topic (Java's RoundRobinAssignor). */
export function assignRoundRobin(members: readonly Subscriber[], partitions: ReadonlyMap<string, number>): Assignment {
  const assignment = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]))
  const ordered = inOrder(members)
  let turn = 0
  for (const topic of [...new Set(members.flatMap((member) => member.topics))].sort())
    for (let partition = 0; partition < (partitions.get(topic) ?? 0); partition++) {
      while (!ordered[turn % ordered.length]!.topics.includes(topic)) turn++
      assignment.get(ordered[turn++ % ordered.length]!.memberId)!.push({ topic, partition })
    }
  return assignment
}
