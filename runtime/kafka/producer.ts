import { abortable, anySignal, sleep, within } from '../async/abort.ts'
import type { Logger } from '../api/logger.ts'
import { BufferMemory } from './buffer-memory.ts'
import { ClientClosedError, KafkaError } from './kafka-errors.ts'
import { partitionForKey } from './partitioner.ts'
import { PartitionQueue } from './partition-queue.ts'
import type { ProducerCluster } from './producer-cluster.ts'
import { IdempotentIdentity, NoIdentity } from './producer-identity.ts'
import type { ProducerIdentity } from './producer-identity.ts'
import type { ProducerOptions } from './producer-options.ts'
import type { DeliveryListener, ProducerRecord } from './producer-record.ts'
import { ErrorCode } from './protocol/error-codes.ts'
import { BufferPool } from './records/buffer-pool.ts'
import { recordSizeBound } from './records/record-batch-builder.ts'
import { BATCH_HEADER } from './records/record-batch.ts'
import { Sender } from './sender.ts'
import { StickyPartitions } from './sticky-partitions.ts'

export type { DeliveryListener, ProducerRecord } from './producer-record.ts'
export type { RecordHeader } from './records/fetched-record.ts'

/** What brokers and topics accept unless they are configured otherwise (`message.max.bytes`). */
const GROWN_BATCH = 1024 * 1024
/** So many grown batches at least fit into `buffer.memory`. */
const GROWN_BATCHES = 16
/** How long a closing producer tries to deliver what it holds. */
const CLOSE_TIMEOUT_MS = 30_000

/**
 * Batches records per partition and sends them. Guarantees: order per partition, also over retries and leader changes; memory
 * within `buffer.memory`; every record taken is reported exactly once to its listener.
 */
export class Producer implements AsyncDisposable {
  readonly #options: ProducerOptions
  readonly #cluster: ProducerCluster
  readonly #memory: BufferMemory
  readonly #identity: ProducerIdentity
  readonly #sender: Sender
  readonly #sticky: StickyPartitions
  readonly #queues = new Map<string, PartitionQueue[]>()
  readonly #pool: BufferPool
  /** A batch that has to wait grows up to this. */
  readonly #batchLimit: number
  readonly #closing = new AbortController()

  /** `identity`: of a transactional producer. */
  constructor(options: {
    readonly options: ProducerOptions
    readonly cluster: ProducerCluster
    readonly logger: Logger
    readonly identity?: ProducerIdentity
  }) {
    this.#options = options.options
    this.#cluster = options.cluster
    this.#memory = new BufferMemory(this.#options['buffer.memory'])
    this.#pool = new BufferPool(this.#options['buffer.memory'] / 4)
    this.#batchLimit = Math.min(
      this.#options['max.request.size'],
      Math.max(
        this.#options['batch.size'],
        Math.min(GROWN_BATCH, Math.floor(this.#options['buffer.memory'] / GROWN_BATCHES)),
      ),
    )
    this.#sticky = new StickyPartitions(this.#options['batch.size'])
    this.#identity = options.identity ?? this.#ownIdentity(options.logger)
    this.#sender = new Sender({
      options: this.#options,
      cluster: options.cluster,
      memory: this.#memory,
      logger: options.logger,
      identity: this.#identity,
      onReset: () => {
        for (const queues of this.#queues.values())
          for (const queue of queues) if (queue.batches.length === 0) queue.sequence = 0
      },
    })
  }

  /** Bytes of `buffer.memory` in use. */
  get bufferedBytes(): number {
    return this.#memory.used
  }

  /**
   * Copies the records into batches; key, value and header bytes may be reused when the promise resolves. It resolves when all
   * had room, not when they are acknowledged: that is told to `listener`. Rejects with the signal's reason, or with a KafkaError
   * when the topic or partition does not exist within `max.block.ms`; then the records from some point on were not taken and the
   * listener hears nothing of these.
   */
  async send<R extends ProducerRecord>(
    records: readonly R[],
    listener: DeliveryListener<R>,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#closing.signal.throwIfAborted()
    const now = Date.now()
    const batchSize = this.#options['batch.size']
    let topic: string | undefined
    let queues: PartitionQueue[] = []
    for (const record of records) {
      if (record.topic !== topic) {
        queues = this.#knownQueues(record.topic) ?? (await this.#queuesOf(record.topic, signal))
        topic = record.topic
      }
      const size = recordSizeBound(record.key, record.value, record.headers)
      if (size + BATCH_HEADER.size > this.#options['max.request.size']) {
        this.#refuseLarge(record, size, listener)
        continue
      }
      if (!this.#memory.tryTake(size)) await this.#waitForMemory(size, record.topic, signal)
      const queue = queues[this.#partitionOf(record, size, queues.length)]
      if (queue === undefined) {
        this.#memory.give(size)
        throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `produce to ${record.topic}-${record.partition}`, {
          detail: `the topic has ${queues.length} partitions`,
        })
      }
      const batch = queue.batchFor(size, batchSize, now)
      const first = batch.count === 0
      batch.append(record, listener as DeliveryListener, now)
      batch.reserved += size
      if (first || (batch.length >= batchSize && !queue.inFlight)) this.#sender.wake(queue)
    }
  }

  /** Sends without lingering and waits for the acknowledgements; rejects with the first failure. */
  async sendAndWait(
    records: readonly ProducerRecord[],
    signal?: AbortSignal,
  ): Promise<readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]> {
    const answers = new Map<ProducerRecord, { topic: string; partition: number; offset: number }>()
    let failure: Error | undefined
    const listener: DeliveryListener = {
      delivered: (delivered, topic, partition, baseOffset) =>
        delivered.forEach((record, i) =>
          answers.set(record, { topic, partition, offset: baseOffset < 0 ? -1 : baseOffset + i }),
        ),
      failed: (_, error) => (failure ??= error),
    }
    await this.send(records, listener, signal)
    await this.flush(signal)
    if (failure !== undefined) throw failure
    return records.map((record) => answers.get(record)!)
  }

  /** Resolves when everything sent before is delivered or failed. */
  async flush(signal?: AbortSignal): Promise<void> {
    await abortable(this.#sender.flush(), signal)
  }

  /** Delivers what it holds, for 30 s at most; the rest fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(new ClientClosedError('produce', 'the producer'))
    await within(Math.min(CLOSE_TIMEOUT_MS, this.#options['delivery.timeout.ms']), this.#sender.flush())
    this.#sender.close()
    this.#cluster.close?.()
  }

  /** Fails at once what is not delivered yet. */
  abandon(): void {
    this.#closing.abort(new ClientClosedError('produce', 'the producer'))
    this.#sender.close()
    this.#cluster.close?.()
  }

  #ownIdentity(logger: Logger): ProducerIdentity {
    if (!this.#options['enable.idempotence']) return new NoIdentity()
    return new IdempotentIdentity({ cluster: this.#cluster, options: this.#options, logger })
  }

  #partitionOf(record: ProducerRecord, size: number, count: number): number {
    if (record.partition !== undefined) return record.partition
    if (record.key !== null) return partitionForKey(record.key, count)
    return count === 1 ? 0 : this.#sticky.next(record.topic, size, this.#cluster.partitions(record.topic)!)
  }

  #refuseLarge<R extends ProducerRecord>(record: R, size: number, listener: DeliveryListener<R>): void {
    const error = new KafkaError(ErrorCode.MESSAGE_TOO_LARGE, `produce to ${record.topic}`, {
      detail: `a record of ${size} bytes is larger than max.request.size=${this.#options['max.request.size']}; raise it and the topic's max.message.bytes`,
    })
    this.#identity.batchFailed(error, false)
    queueMicrotask(() => listener.failed([record], error))
  }

  #knownQueues(topic: string): PartitionQueue[] | undefined {
    const partitions = this.#cluster.partitions(topic)
    if (partitions === undefined) return undefined
    let queues = this.#queues.get(topic)
    if (queues === undefined) this.#queues.set(topic, (queues = []))
    for (let partition = queues.length; partition < partitions.length; partition++)
      queues.push(new PartitionQueue(topic, partition, this.#batchLimit, this.#pool))
    return queues
  }

  async #queuesOf(topic: string, signal: AbortSignal | undefined): Promise<PartitionQueue[]> {
    const stop = anySignal(signal, this.#closing.signal)
    const deadline = Date.now() + this.#options['max.block.ms']
    let failure: unknown
    for (;;) {
      try {
        await abortable(this.#cluster.refresh([topic], stop), stop)
        failure = undefined
      } catch (error) {
        stop.throwIfAborted()
        if (!(error instanceof KafkaError) || !error.retriable) throw error
        failure = error
      }
      const queues = this.#knownQueues(topic)
      if (queues !== undefined) return queues
      if (Date.now() >= deadline)
        throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `produce to ${topic}`, {
          detail: `no metadata within max.block.ms=${this.#options['max.block.ms']}; does the topic exist?`,
          cause: failure,
        })
      if (!(await sleep(this.#options['retry.backoff.ms'], stop))) stop.throwIfAborted()
    }
  }

  async #waitForMemory(size: number, topic: string, signal: AbortSignal | undefined): Promise<void> {
    this.#sender.nudge()
    const limit = this.#options['max.block.ms']
    const timeout = limit < 2 ** 31 ? AbortSignal.timeout(limit) : undefined
    try {
      await this.#memory.take(size, anySignal(signal, this.#closing.signal, timeout))
    } catch (error) {
      if (timeout?.aborted !== true || signal?.aborted === true) throw error
      throw new KafkaError(ErrorCode.REQUEST_TIMED_OUT, `produce to ${topic}`, {
        detail: `no room in buffer.memory=${this.#options['buffer.memory']} within max.block.ms=${limit}`,
      })
    }
  }
}
