import type { Logger } from '../api/logger.ts'
import type { BufferMemory } from './buffer-memory.ts'
import { Flushes } from './flushes.ts'
import { asClientError, ClientClosedError, isUncertain, kafkaCode, KafkaError } from './kafka-errors.ts'
import { LeaderRefresh } from './leader-refresh.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerBatch } from './producer-batch.ts'
import type { PartitionProduceResult, ProducerCluster } from './producer-cluster.ts'
import type { IdentityOwner, ProducerIdentity } from './producer-identity.ts'
import type { ProducerOptions } from './producer-options.ts'
import { ErrorCode, isRetriable } from './protocol/error-codes.ts'
import type { CompressionType } from './records/compression.ts'
import { planSends } from './send-plan.ts'

const MAX_SEQUENCE = 2 ** 31

/** Errors after which the broker no longer knows our sequence: a new producer id begins again at 0. */
const LOST_SEQUENCE: readonly number[] = [
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
]
const TOO_LARGE: readonly number[] = [ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.RECORD_LIST_TOO_LARGE]

/**
 * Sends what the queues hold: one request per broker with the first batch of each of its partitions.
 *
 *   queued ──► in flight ──► delivered
 *     ▲           │ retriable: back to the front of its queue, after a pause
 *     └───────────┤ too large: two halves at the front
 *                 └ anything else, or delivery.timeout.ms: failed
 */
export class Sender implements IdentityOwner {
  readonly #options: ProducerOptions
  readonly #cluster: ProducerCluster
  readonly #memory: BufferMemory
  readonly #logger: Logger
  readonly #identity: ProducerIdentity
  readonly #onReset: () => void
  readonly #leaders: LeaderRefresh
  /** Queues that hold batches. */
  readonly #active = new Set<PartitionQueue>()
  readonly #inFlight = new Map<number, number>()
  readonly #flushes = new Flushes()
  #scheduled = false
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** `onReset`: queues that hold no batches begin again at sequence 0 too. */
  constructor(options: {
    options: ProducerOptions
    cluster: ProducerCluster
    memory: BufferMemory
    logger: Logger
    identity: ProducerIdentity
    onReset: () => void
  }) {
    this.#options = options.options
    this.#cluster = options.cluster
    this.#memory = options.memory
    this.#logger = options.logger
    this.#identity = options.identity
    this.#onReset = options.onReset
    this.#leaders = new LeaderRefresh({
      cluster: options.cluster,
      pause: { initialMs: options.options['retry.backoff.ms'], maxMs: options.options['retry.backoff.max.ms'] },
      logger: options.logger,
      onDone: () => this.#schedule(),
    })
    options.identity.attach(this)
  }

  /** The queue has a new batch, or a batch that became full. */
  wake(queue?: PartitionQueue): void {
    if (queue !== undefined) this.#active.add(queue)
    this.#schedule()
  }

  /** Somebody waits for memory: send without lingering. */
  nudge(): void {
    this.#schedule()
  }

  /** Sends everything that is queued now; resolves when all of it is delivered or failed. */
  async flush(): Promise<void> {
    const queued = [...this.#active].flatMap(({ batches }) => batches)
    const done = this.#flushes.until(queued)
    this.#schedule()
    await done
  }

  resetSequences(): void {
    for (const queue of this.#active) {
      queue.sequence = 0
      for (const batch of queue.batches) if (!queue.inFlight || batch !== queue.head) batch.forgetSequence()
    }
    this.#onReset()
  }

  dropQueued(error: Error): void {
    for (const queue of this.#active) {
      if (queue.head !== undefined && !queue.inFlight) this.#fail(queue, error)
      // behind the first none has been sent: they have no sequence to give back
      for (const batch of queue.batches.splice(queue.inFlight ? 1 : 0)) {
        this.#release(batch)
        batch.failed(error)
      }
    }
  }

  /** Fails whatever is left. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const queue of this.#active)
      while (queue.head !== undefined)
        this.#fail(queue, new ClientClosedError(`produce to ${nameOf(queue)}`, 'the producer'))
    this.#active.clear()
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    // After I/O callbacks: the sends of one turn of the event loop share a batch.
    setImmediate(() => {
      this.#scheduled = false
      if (!this.#closed) this.#drain()
    })
  }

  #drain(): void {
    const now = Date.now()
    // first of all: one that fails may take the others with it
    for (const queue of this.#active) if (!queue.inFlight) this.#expire(queue, now)
    for (const queue of this.#active) if (queue.head === undefined) this.#active.delete(queue)
    const { requests, leaderless, wakeAt } = planSends({
      queues: this.#active,
      now,
      options: this.#options,
      urgent: this.#flushes.running || this.#memory.contended,
      admits: (queue) => this.#identity.admits(queue), // else it wakes us
      leaderOf: ({ topic, partition }) => this.#cluster.partitions(topic)?.[partition]?.leader,
      reachableAt: (node) => this.#cluster.reachableAt?.(node) ?? 0,
      inFlight: (node) => this.#inFlight.get(node) ?? 0,
    })
    if (leaderless.size > 0) this.#leaders.ask([...leaderless])
    this.#identity.arrange()
    for (const [node, queues] of requests) void this.#send(node, queues)
    this.#wakeAt(wakeAt, now)
  }

  #wakeAt(time: number, now: number): void {
    clearTimeout(this.#timer)
    if (time === Infinity) return
    if (time <= now) this.#schedule()
    else this.#timer = setTimeout(() => this.#schedule(), time - now)
  }

  async #send(node: number, queues: readonly PartitionQueue[]): Promise<void> {
    const topics = new Map<string, { name: string; partitions: { index: number; records: Buffer }[] }>()
    for (const queue of queues) {
      queue.inFlight = true
      queue.sentTo = node
      let topic = topics.get(queue.topic)
      if (topic === undefined) topics.set(queue.topic, (topic = { name: queue.topic, partitions: [] }))
      topic.partitions.push({ index: queue.partition, records: this.#seal(queue) })
    }
    this.#inFlight.set(node, (this.#inFlight.get(node) ?? 0) + 1)
    const outcome = await this.#cluster
      .produce(node, {
        acks: this.#options.acks === 'all' ? -1 : Number(this.#options.acks),
        timeoutMs: this.#options['request.timeout.ms'],
        transactionalId: this.#identity.transactionalId,
        topics: [...topics.values()],
      })
      .then(
        (results) => new Map(results.map((result) => [`${result.topic}-${result.partition}`, result])),
        (error: unknown) => asClientError(error, `produce to broker ${node}`),
      )
    this.#inFlight.set(node, this.#inFlight.get(node)! - 1)
    let waiting = false
    for (const queue of queues) {
      if (queue.head === undefined) continue // closed meanwhile
      if (outcome instanceof Map) this.#settle(queue, outcome.get(nameOf(queue)))
      else this.#refused(queue, outcome)
      waiting ||= queue.batches.length > 1
    }
    // At once when another full one waits: whoever waited for room runs next, and the broker would be idle for as long.
    if (waiting && !this.#closed) this.#drain()
    else this.#schedule()
  }

  /** The bytes to send: a retry sends the bytes and the sequence of the first attempt. */
  #seal(queue: PartitionQueue): Buffer {
    const batch = queue.head!
    const bytes = batch.bytes(this.#options['compression.type'] as CompressionType)
    if (batch.sequence === undefined) {
      const id = this.#identity.id
      if (id === undefined) batch.stamp()
      else {
        const { producerId, producerEpoch } = id
        const transactional = this.#identity.transactionalId !== null
        batch.stamp({ producerId, producerEpoch, baseSequence: queue.sequence, transactional })
        queue.sequence = (queue.sequence + batch.count) % MAX_SEQUENCE
      }
    }
    return bytes
  }

  #settle(queue: PartitionQueue, result: PartitionProduceResult | undefined): void {
    const batch = queue.head!
    if (result === undefined) {
      this.#refused(
        queue,
        new KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, `produce to ${nameOf(queue)}`, {
          detail: 'the broker left the partition out of its answer',
        }),
      )
    } else if (result.errorCode === ErrorCode.NONE || result.errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      queue.shift()
      this.#release(batch)
      batch.delivered(result.errorCode === ErrorCode.NONE ? result.baseOffset : -1)
    } else if (LOST_SEQUENCE.includes(result.errorCode) && batch.producerId >= 0) {
      const error = new KafkaError(result.errorCode, `produce to ${nameOf(queue)}`, { detail: result.message })
      if (!this.#identity.sequenceLost(batch.producerId)) return this.#fail(queue, error)
      this.#logger.warn(`${error.message}; continuing with a new producer id`)
      batch.forgetSequence()
      this.#retry(queue, batch)
    } else if (TOO_LARGE.includes(result.errorCode) && batch.count > 1) {
      this.#splitHead(queue, batch)
    } else {
      this.#refused(queue, new KafkaError(result.errorCode, `produce to ${nameOf(queue)}`, { detail: result.message }))
    }
  }

  #refused(queue: PartitionQueue, error: Error): void {
    const batch = queue.head!
    const code = kafkaCode(error)
    if (code !== undefined && isUncertain(code)) batch.uncertain = true
    if (
      code === undefined ||
      !isRetriable(code) ||
      batch.attempts >= this.#options.retries ||
      !this.#identity.mayRetry()
    ) {
      this.#fail(queue, error)
      return
    }
    this.#logger.debug(`${error.message}; trying again`)
    this.#retry(queue, batch)
    this.#leaders.ask([queue.topic])
  }

  #retry(queue: PartitionQueue, batch: ProducerBatch): void {
    const pause = this.#options['retry.backoff.ms'] * 2 ** Math.min(batch.attempts, 20)
    batch.attempts++
    batch.notBefore = Date.now() + Math.min(pause, this.#options['retry.backoff.max.ms'])
    queue.inFlight = false
  }

  #splitHead(queue: PartitionQueue, batch: ProducerBatch): void {
    // Not again a batch of this size: the next ones stay below what the broker takes.
    queue.limit = Math.max(this.#options['batch.size'], Math.floor(batch.length / 2))
    this.#takeBackSequence(queue, batch)
    const halves = batch.split()
    queue.batches.splice(0, 1, ...halves)
    queue.inFlight = false
    this.#flushes.split(batch, halves[1])
  }

  #expire(queue: PartitionQueue, now: number): void {
    for (let batch = queue.head; batch !== undefined; batch = queue.head) {
      if (now - batch.createdAt < this.#options['delivery.timeout.ms']) return
      this.#fail(
        queue,
        new KafkaError(ErrorCode.REQUEST_TIMED_OUT, `produce to ${nameOf(queue)}`, {
          detail: `not acknowledged within delivery.timeout.ms=${this.#options['delivery.timeout.ms']}`,
        }),
      )
    }
  }

  #fail(queue: PartitionQueue, error: Error): void {
    const batch = queue.head!
    this.#takeBackSequence(queue, batch)
    queue.shift()
    this.#release(batch)
    this.#identity.batchFailed(error, batch.uncertain && batch.sequence !== undefined)
    batch.failed(error)
  }

  /** The numbers of a refused batch are free again: the next one must continue where the last good one ended. */
  #takeBackSequence(queue: PartitionQueue, batch: ProducerBatch): void {
    if (batch.sequence === undefined) return
    const id = this.#identity.id
    if (id?.producerId === batch.producerId && id.producerEpoch === batch.producerEpoch) queue.sequence = batch.sequence
  }

  #release(batch: ProducerBatch): void {
    this.#memory.give(batch.reserved)
    this.#flushes.left(batch)
  }
}

function nameOf(queue: PartitionQueue): string {
  return `${queue.topic}-${queue.partition}`
}
