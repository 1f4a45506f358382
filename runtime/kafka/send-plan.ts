import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerBatch } from './producer-batch.ts'
import type { ProducerOptions } from './producer-options.ts'

export interface SendPlan {
  /** By broker: one request, with the first batch of each of these queues. */
  readonly requests: ReadonlyMap<number, readonly PartitionQueue[]>
  /** Topics with partitions of which nobody knows who leads them, or whose leader cannot be reached. */
  readonly leaderless: ReadonlySet<string>
  /** When to plan again, in milliseconds since the epoch; Infinity: when something happens. */
  readonly wakeAt: number
}

export interface SendPlanOptions {
  readonly queues: Iterable<PartitionQueue>
  readonly now: number
  readonly options: ProducerOptions
  /** Nobody lingers: somebody waits for memory, or for all to be sent. */
  readonly urgent: boolean
  readonly admits: (queue: PartitionQueue) => boolean
  readonly leaderOf: (queue: PartitionQueue) => number | undefined
  /** In milliseconds since the epoch. */
  readonly reachableAt: (node: number) => number
  /** Requests that the broker has not answered. */
  readonly inFlight: (node: number) => number
}

/** What of the queued batches goes out now: one request per broker with the first batch of each of its partitions. */
export function planSends({ queues, now, options, urgent, ...known }: SendPlanOptions): SendPlan {
  const requests = new Map<number, PartitionQueue[]>()
  const bytes = new Map<number, number>()
  const leaderless = new Set<string>()
  let wakeAt = Infinity
  for (const queue of queues) {
    const batch = queue.head
    if (queue.inFlight || batch === undefined || !known.admits(queue)) continue
    const leader = known.leaderOf(queue)
    const readyAt = readyTime(queue, batch, leader, options, urgent)
    if (readyAt > now) {
      wakeAt = Math.min(wakeAt, readyAt)
      continue
    }
    if (leader === undefined) {
      leaderless.add(queue.topic)
      continue
    }
    const reachableAt = known.reachableAt(leader)
    if (reachableAt > now) {
      // not held in flight until then: another may lead before
      leaderless.add(queue.topic)
      wakeAt = Math.min(wakeAt, reachableAt)
      continue
    }
    if (known.inFlight(leader) >= options['max.in.flight.requests.per.connection']) continue
    const already = bytes.get(leader) ?? 0
    if (already > 0 && already + batch.length > options['max.request.size']) {
      wakeAt = now // next request, as soon as this one is out
      continue
    }
    bytes.set(leader, already + batch.length)
    const request = requests.get(leader)
    if (request === undefined) requests.set(leader, [queue])
    else request.push(queue)
  }
  return { requests, leaderless, wakeAt }
}

function readyTime(
  queue: PartitionQueue,
  batch: ProducerBatch,
  leader: number | undefined,
  options: ProducerOptions,
  urgent: boolean,
): number {
  // the pause is for the broker that refused, not for its successor
  if (batch.notBefore > 0) return leader === queue.sentTo || leader === undefined ? batch.notBefore : 0
  const isFull = batch.closed || batch.length >= options['batch.size'] || queue.batches.length > 1
  return isFull || urgent ? 0 : batch.createdAt + options['linger.ms']
}
