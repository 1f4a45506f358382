import { randomUUID } from 'node:crypto'
import type { CommittedOffset, SourceRecord } from '../../../runtime/api/index.ts'
import type { KafkaClients } from '../../../runtime/kafka/kafka-clients.ts'
import { ExactlyOnceDelivery } from '../../../runtime/task/exactly-once-delivery.ts'
import type { ExactlyOnceOptions } from '../../../runtime/task/exactly-once-delivery.ts'
import { TransactionalOffsets } from '../../../runtime/task/transactional-offsets.ts'
import { DeliveryParts, NEVER_MS, outgoing, sourceRecord } from './delivery-parts.ts'
import type { KafkaUnderTest } from './kafka-under-test.ts'

const never = new AbortController().signal

/** An exactly-once delivery with a producer, a topic and an offset topic of its own. */
export class ExactlyOnceLab implements AsyncDisposable {
  readonly kafka: KafkaUnderTest
  readonly topic: string
  readonly offsets: string
  readonly id = `test-${randomUUID()}`
  readonly parts = new DeliveryParts()
  readonly delivery: ExactlyOnceDelivery
  /** What the task was told to be durable, and when. */
  readonly told: string[] = []
  readonly toldAt: number[] = []
  readonly #stack: AsyncDisposableStack
  readonly #start: () => Promise<void>
  #tell = Promise.withResolvers<void>()

  private constructor(
    parts: Pick<ExactlyOnceLab, 'kafka' | 'topic' | 'offsets'>,
    options: Partial<ExactlyOnceOptions>,
  ) {
    this.kafka = parts.kafka
    this.topic = parts.topic
    this.offsets = parts.offsets
    this.#stack = new AsyncDisposableStack()
    const producer = this.#stack.use(parts.kafka.clients.transactionalProducer({ 'transactional.id': this.id }))
    this.#start = () => producer.initTransactions()
    const { tolerance, metrics, progress, logger, offsets } = this.parts
    this.delivery = new ExactlyOnceDelivery({
      ...{ producer, tolerance, metrics, progress, logger },
      task: 'source-0',
      offsets: new TransactionalOffsets({ topic: parts.offsets, offsets, copy: undefined }),
      boundary: { kind: 'poll' },
      keepsUnitsWhole: false,
      replays: true,
      transactionTimeoutMs: 60_000,
      intervalMs: NEVER_MS,
      ...options,
      committed: async (offsets) => {
        this.#note(offsets)
        await options.committed?.(offsets)
      },
    })
  }

  static async of(kafka: KafkaUnderTest, options: Partial<ExactlyOnceOptions> = {}): Promise<ExactlyOnceLab> {
    const lab = new ExactlyOnceLab({ kafka, topic: await kafka.topic(), offsets: await kafka.topic() }, options)
    await lab.#start()
    return lab
  }

  record(at: number, index: number): SourceRecord {
    return sourceRecord(this.topic, at, index)
  }

  /** One batch, as the loop of a task hands it on; `dropped` ones were filtered on the way. */
  async batch(polled: readonly SourceRecord[], dropped: readonly SourceRecord[] = []): Promise<void> {
    this.delivery.polling()
    this.delivery.polled(polled.length, false)
    const submitted = polled.map(outgoing)
    const isDropped = (_: unknown, i: number): boolean => dropped.includes(polled[i]!)
    submitted.filter(isDropped).forEach((record) => (record.acked = true))
    const records = submitted.filter((record, i) => !isDropped(record, i))
    await this.delivery.send({ polled, records, submitted }, never)
  }

  /** Resolves when the task has been told of so many commits. */
  async commits(count: number): Promise<void> {
    while (this.told.length < count) await this.#tell.promise
  }

  /** The task is told to stop while it is polled: it says nothing of its last unit. */
  async stop(): Promise<void> {
    this.delivery.polling()
    this.delivery.polled(0, true)
    await this.delivery[Symbol.asyncDispose]()
  }

  /** What readers of committed records see, and the offset that a new task would begin at; no transaction may be open. */
  async seen(): Promise<{ readonly values: string; readonly offset: number | undefined }> {
    const offset = (await readCommitted(this.kafka.clients, this.offsets)).at(-1)
    return {
      values: (await readCommitted(this.kafka.clients, this.topic)).join(' '),
      offset: offset === undefined ? undefined : (JSON.parse(offset) as { at: number }).at,
    }
  }

  #note(offsets: readonly CommittedOffset[]): void {
    this.told.push(offsets.map(({ offset }) => String(offset['at'])).join())
    this.toldAt.push(performance.now())
    this.#tell.resolve()
    this.#tell = Promise.withResolvers()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.delivery[Symbol.asyncDispose]()
    await this.#stack.disposeAsync()
  }
}

/** All values of a topic's only partition that readers of committed records see; no transaction may be open there. */
export async function readCommitted(clients: KafkaClients, topic: string): Promise<readonly string[]> {
  await using fetcher = clients.fetcher({ 'isolation.level': 'read_committed' })
  fetcher.assign([{ topic, partition: 0, offset: 'earliest' }])
  const [end] = await clients.admin().listOffsets([{ topic, partition: 0 }], 'latest')
  const values: string[] = []
  while ((fetcher.position(topic, 0) ?? 0) < end!.offset)
    for (const { value } of await fetcher.poll({ timeoutMs: 100 })) values.push(String(value))
  return values
}
