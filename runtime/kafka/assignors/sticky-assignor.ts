import type { TopicPartition } from '../topic-partition.ts'
import { partitionName } from '../topic-partition.ts'
import { inOrder } from './assignor.ts'
import type { Assignment, Subscriber } from './assignor.ts'

interface Share {
  readonly memberId: string
  readonly topics: ReadonlySet<string>
  readonly partitions: Map<string, TopicPartition>
}

/**
 * As even as subscriptions allow, and as much as possible as it was (KIP-54): who has a partition keeps it, what is free goes to those with
 * least, then partitions move one by one while a move makes it more even. Where all subscribe to the same, that is the least number of moves.
 */
export function assignSticky(members: readonly Subscriber[], partitions: ReadonlyMap<string, number>): Assignment {
  const shares = inOrder(members).map(({ memberId, topics }): Share => ({
    memberId,
    topics: new Set(topics),
    partitions: new Map(),
  }))
  const owners = formerOwners(members)
  const free: TopicPartition[] = []
  const subscribed = [...new Set(members.flatMap(({ topics }) => topics))].sort()
  for (const topic of subscribed)
    for (let partition = 0; partition < (partitions.get(topic) ?? 0); partition++) {
      const name = partitionName(topic, partition)
      const owner = shares.find(({ memberId }) => memberId === owners.get(name))
      if (owner?.topics.has(topic) === true) owner.partitions.set(name, { topic, partition })
      else free.push({ topic, partition })
    }
  for (const each of free) {
    const share = leastLoaded(shares, each.topic)!
    share.partitions.set(partitionName(each.topic, each.partition), each)
  }
  even(shares)
  return new Map(shares.map((share) => [share.memberId, [...share.partitions.values()].sort(byName)]))
}

/**
 * The same, but a partition that another member still has is given to nobody in this round: its owner gives it back first and a second
 * rebalance hands it over, so that what does not move goes on being read (KIP-429).
 */
export function assignCooperatively(
  members: readonly Subscriber[],
  partitions: ReadonlyMap<string, number>,
): Assignment {
  const claims = new Map<string, Set<string>>()
  for (const { memberId, owned = [] } of members)
    for (const { topic, partition } of owned) {
      const name = partitionName(topic, partition)
      claims.set(name, (claims.get(name) ?? new Set()).add(memberId))
    }
  const wanted = assignSticky(members, partitions)
  return new Map(
    [...wanted].map(([memberId, list]) => [
      memberId,
      list.filter(({ topic, partition }) => {
        const holders = claims.get(partitionName(topic, partition))
        return holders === undefined || (holders.size === 1 && holders.has(memberId))
      }),
    ]),
  )
}

/** Of several who claim a partition the one of the newest generation has it; of the same generation: nobody. */
function formerOwners(members: readonly Subscriber[]): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, { memberId: string | undefined; generation: number }>()
  for (const { memberId, owned = [], generation = -1 } of members)
    for (const { topic, partition } of owned) {
      const name = partitionName(topic, partition)
      const other = found.get(name)
      if (other === undefined || generation > other.generation) found.set(name, { memberId, generation })
      else if (generation === other.generation) found.set(name, { memberId: undefined, generation })
    }
  return new Map([...found].map(([name, { memberId }]) => [name, memberId]))
}

function leastLoaded(shares: readonly Share[], topic: string): Share | undefined {
  let least: Share | undefined
  for (const share of shares)
    if (share.topics.has(topic) && (least === undefined || share.partitions.size < least.partitions.size)) least = share
  return least
}

/**
 * One partition after another from who has most and can give: nobody gives so many that it gets others back. Ends, since every move makes
 * the sum of squared loads smaller.
 */
function even(shares: readonly Share[]): void {
  while (shares.toSorted((a, b) => b.partitions.size - a.partitions.size).some((from) => giveOne(from, shares)));
}

/** False when everybody who could take one of its partitions has as many, or one less. */
function giveOne(from: Share, shares: readonly Share[]): boolean {
  const tried = new Set<string>()
  for (const [name, each] of from.partitions) {
    if (tried.has(each.topic)) continue
    tried.add(each.topic)
    const to = leastLoaded(shares, each.topic)!
    if (from.partitions.size - to.partitions.size < 2) continue
    from.partitions.delete(name)
    to.partitions.set(name, each)
    return true
  }
  return false
}

function byName(a: TopicPartition, b: TopicPartition): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
}
