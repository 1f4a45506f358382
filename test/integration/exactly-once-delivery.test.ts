import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { NO_HEADERS } from '../../runtime/api/index.ts'
import type { SourceRecord } from '../../runtime/api/index.ts'
import { ErrorMetrics } from '../../runtime/task/error-metrics.ts'
import { ErrorTolerance } from '../../runtime/task/error-tolerance.ts'
import { ExactlyOnceDelivery } from '../../runtime/task/exactly-once-delivery.ts'
import type { Boundary, ExactlyOnceOptions } from '../../runtime/task/exactly-once-delivery.ts'
import { OutgoingRecord } from '../../runtime/task/outgoing-record.ts'
import { SourceOffsets } from '../../runtime/task/source-offsets.ts'
import { SourceTaskMetrics } from '../../runtime/task/task-metrics.ts'
import { TaskProgress } from '../../runtime/task/task-progress.ts'
import { TransactionMarks } from '../../runtime/task/transaction-marks.ts'
import { TransactionalOffsets } from '../../runtime/task/transactional-offsets.ts'
import { silentLogger } from '../../runtime/telemetry/context-logger.ts'
import { KafkaUnderTest } from './support/kafka-under-test.ts'

const PARTITION = { source: 'a' }
const never = new AbortController().signal
const POLL: Boundary = { kind: 'poll' }
/** Longer than any test: no clock ends a transaction. */
const NEVER_MS = 3_600_000

/** A delivery with a producer, a topic and an offset topic of its own; records are named `offset/index`. */
class Lab implements AsyncDisposable {
  readonly kafka: KafkaUnderTest
  readonly topic: string
  readonly offsets: string
  readonly id = `test-${randomUUID()}`
  readonly delivery: ExactlyOnceDelivery
  /** What the task was told to be durable. */
  readonly told: unknown[] = []
  readonly #stack: AsyncDisposableStack

  private constructor(parts: Pick<Lab, 'kafka' | 'topic' | 'offsets'>, options: Partial<ExactlyOnceOptions>) {
    this.kafka = parts.kafka
    this.topic = parts.topic
    this.offsets = parts.offsets
    this.#stack = new AsyncDisposableStack()
    const producer = this.#stack.use(parts.kafka.clients.transactionalProducer({ 'transactional.id': this.id }))
    this.start = () => producer.initTransactions()
    this.delivery = new ExactlyOnceDelivery({
      task: 'source-0',
      producer,
      offsets: new TransactionalOffsets({
        topic: parts.offsets,
        offsets: new SourceOffsets('source'),
        copy: undefined,
      }),
      boundary: POLL,
      keepsUnitsWhole: false,
      replays: true,
      transactionTimeoutMs: 60_000,
      intervalMs: NEVER_MS,
      tolerance: new ErrorTolerance({
        ...{ tolerance: 'none', retryTimeoutMs: 0, retryDelayMaxMs: 1, reporters: [], metrics: new ErrorMetrics() },
      }),
      metrics: new SourceTaskMetrics({ connector: 'source', task: '0' }, new ErrorMetrics()),
      progress: new TaskProgress(),
      logger: silentLogger,
      committed: (offsets) => {
        this.told.push(offsets.map(({ offset }) => offset['at']).join())
        return Promise.resolve()
      },
      ...options,
    })
  }

  readonly start: () => Promise<void>

  static async of(kafka: KafkaUnderTest, options: Partial<ExactlyOnceOptions> = {}): Promise<Lab> {
    const lab = new Lab({ kafka, topic: await kafka.topic(), offsets: await kafka.topic() }, options)
    await lab.start()
    return lab
  }

  record(at: number, index: number): SourceRecord {
    return {
      topic: this.topic,
      partition: 0,
      keySchema: undefined,
      key: null,
      valueSchema: undefined,
      value: `${at}/${index}`,
      timestamp: undefined,
      headers: NO_HEADERS,
      sourcePartition: PARTITION,
      sourceOffset: { at },
    }
  }

  /** One batch, as the loop of a task hands it on; `dropped` ones were filtered on the way. */
  async batch(polled: readonly SourceRecord[], dropped: readonly SourceRecord[] = []): Promise<void> {
    this.delivery.polling()
    this.delivery.polled(polled.length, false)
    const submitted = polled.map((record) => new OutgoingRecord(record, null, Buffer.from(String(record.value))))
    const isDropped = (_: unknown, i: number): boolean => dropped.includes(polled[i]!)
    submitted.filter(isDropped).forEach((record) => (record.acked = true))
    const records = submitted.filter((record, i) => !isDropped(record, i))
    await this.delivery.send({ polled, records, submitted }, never)
  }

  /** The task is told to stop while it is polled: it says nothing of its last unit. */
  async stop(): Promise<void> {
    this.delivery.polling()
    this.delivery.polled(0, true)
    await this.delivery[Symbol.asyncDispose]()
  }

  /** What readers of committed records see, and the offset that a new task would begin at; no transaction may be open. */
  async seen(): Promise<{ readonly values: string; readonly offset: number | undefined }> {
    const read = async (topic: string): Promise<readonly string[]> => {
      await using fetcher = this.kafka.clients.fetcher({ 'isolation.level': 'read_committed' })
      fetcher.assign([{ topic, partition: 0, offset: 'earliest' }])
      const [end] = await this.kafka.clients.admin().listOffsets([{ topic, partition: 0 }], 'latest')
      const values: string[] = []
      while ((fetcher.position(topic, 0) ?? 0) < end!.offset)
        for (const { value } of await fetcher.poll({ timeoutMs: 100 })) values.push(String(value))
      return values
    }
    const offset = (await read(this.offsets)).at(-1)
    return {
      values: (await read(this.topic)).join(' '),
      offset: offset === undefined ? undefined : (JSON.parse(offset) as { at: number }).at,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.delivery[Symbol.asyncDispose]()
    await this.#stack.disposeAsync()
  }
}

describe('exactly-once delivery', { timeout: 600_000 }, () => {
  let kafka: KafkaUnderTest
  before(async () => {
    kafka = await KafkaUnderTest.start()
  })
  after(async () => await kafka[Symbol.asyncDispose]())

  test('ends a transaction behind the last record of a unit, wherever batches end (Invariant 9)', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([lab.record(1, 0), lab.record(2, 0)])
    await lab.batch([lab.record(2, 1)])
    await lab.batch([lab.record(2, 2), lab.record(3, 0)])
    assert.deepEqual(lab.told, ['2'], 'one transaction, although three batches have come')
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '1/0 2/0 2/1 2/2', offset: 2 })
  })

  test('gives up at a stop what may be half a unit, if the source can give it again', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([lab.record(1, 0)])
    await lab.batch([lab.record(2, 0)])
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '1/0', offset: 1 })
  })

  for (const [title, options, settle] of [
    ['the source cannot give it again', { replays: false }, false],
    ['the source keeps its units whole', { keepsUnitsWhole: true }, false],
    ['the source has said that there is no more', { boundary: { kind: 'interval', ms: NEVER_MS } }, true],
  ] as const)
    test(`commits at a stop what was sent, if ${title}`, async () => {
      await using lab = await Lab.of(kafka, options)
      await lab.batch([lab.record(1, 0)])
      await lab.batch([lab.record(2, 0)])
      if (settle) {
        lab.delivery.polling()
        lab.delivery.polled(0, false)
      }
      await lab.stop()
      assert.deepEqual(await lab.seen(), { values: '1/0 2/0', offset: 2 })
    })

  test('gives up what a failed task had sent last', async () => {
    await using lab = await Lab.of(kafka, { keepsUnitsWhole: true, boundary: { kind: 'interval', ms: NEVER_MS } })
    await lab.batch([lab.record(1, 0)])
    lab.delivery.giveUp()
    await lab.delivery[Symbol.asyncDispose]()
    assert.deepEqual(await lab.seen(), { values: '', offset: undefined })
    assert.deepEqual(lab.told, [])
  })

  test('commits and aborts where the task says; offsets of aborted records move on', async () => {
    const marks = new TransactionMarks()
    await using lab = await Lab.of(kafka, { boundary: { kind: 'connector', marks } })
    const records = [1, 2, 3, 4].map((at) => lab.record(at, 0))
    marks.commitTransaction(records[1])
    await lab.batch(records)
    assert.deepEqual(lab.told, ['2'])
    marks.abortTransaction()
    await lab.batch([lab.record(5, 0)])
    assert.deepEqual(lab.told, ['2', '5'])
    await lab.batch([lab.record(6, 0)])
    marks.commitTransaction()
    await lab.batch([lab.record(7, 0)])
    assert.deepEqual(await lab.seen(), { values: '1/0 2/0 6/0 7/0', offset: 7 })
    assert.deepEqual(lab.told, ['2', '5', '7'])
  })

  test('commits offsets of records that were dropped, in a transaction without records', async () => {
    await using lab = await Lab.of(kafka, { keepsUnitsWhole: true })
    const dropped = [lab.record(1, 0), lab.record(2, 0)]
    await lab.batch(dropped, dropped)
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '', offset: 2 })
  })

  test('fails when another producer has taken over the task, and shows nothing of what it sent since', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([lab.record(1, 0)])
    await lab.batch([lab.record(2, 0)])
    await using other = kafka.clients.transactionalProducer({ 'transactional.id': lab.id })
    await other.initTransactions()
    await assert.rejects(
      async () => {
        for (let at = 3; ; at++) await lab.batch([lab.record(at, 0)])
      },
      { name: 'ConnectError' },
    )
    assert.equal(lab.delivery.failed.aborted, true)
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '1/0', offset: 1 })
  })

  test('fails when a record cannot be sent, and commits nothing of its transaction', async () => {
    await using lab = await Lab.of(kafka, { keepsUnitsWhole: true, boundary: { kind: 'interval', ms: NEVER_MS } })
    await lab.batch([lab.record(1, 0)])
    await assert.rejects(lab.batch([{ ...lab.record(2, 0), partition: 7 }]), /Unrecoverable exception/)
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '', offset: undefined })
  })

  test('refuses records for the topic of its own offsets', async () => {
    await using lab = await Lab.of(kafka)
    await assert.rejects(lab.batch([{ ...lab.record(1, 0), topic: lab.offsets }]), {
      message: 'Source tasks may not produce to their own offsets topics when exactly-once support is enabled',
    })
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '', offset: undefined })
  })
})
