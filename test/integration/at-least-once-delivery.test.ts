import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AtLeastOnceDelivery } from '../../runtime/task/at-least-once-delivery.ts'
import type { AtLeastOnceOptions } from '../../runtime/task/at-least-once-delivery.ts'
import type { OffsetSink } from '../../runtime/task/source-offsets.ts'
import { DeliveryParts, NEVER_MS, outgoing, sourceRecord, toleranceWithReport } from './support/delivery-parts.ts'
import { KafkaUnderTest } from './support/kafka-under-test.ts'

const never = new AbortController().signal

/** A delivery with a producer and a topic of its own; offsets go where `sink` says, and are remembered. */
class Lab implements AsyncDisposable {
  readonly parts = new DeliveryParts()
  readonly delivery: AtLeastOnceDelivery
  /** Offsets that were written, and those the task was told of. */
  readonly stored: number[] = []
  readonly told: number[] = []
  readonly #topic: string
  readonly #stack = new AsyncDisposableStack()

  private constructor(kafka: KafkaUnderTest, topic: string, options: Partial<AtLeastOnceOptions>) {
    this.#topic = topic
    const producer = this.#stack.use(kafka.clients.producer({ 'linger.ms': '0' }))
    const { offsets, tolerance, metrics, progress, logger } = this.parts
    this.delivery = new AtLeastOnceDelivery({
      ...{ producer, offsets, tolerance, metrics, progress, logger },
      keepsUnitsWhole: false,
      committed: (committed) => {
        this.told.push(...committed.map(({ offset }) => Number(offset['at'])))
        return Promise.resolve()
      },
      intervalMs: NEVER_MS,
      timeoutMs: 30_000,
      ...options,
      sink: async (records, signal) => {
        await options.sink?.(records, signal)
        this.stored.push((JSON.parse(String(records.at(-1)!.value)) as { at: number }).at)
      },
    })
  }

  static async of(kafka: KafkaUnderTest, options: Partial<AtLeastOnceOptions> = {}): Promise<Lab> {
    return new Lab(kafka, await kafka.topic(), options)
  }

  /** Record `tooLarge` among them cannot be delivered. */
  async batch(offsets: readonly number[], tooLarge?: number): Promise<void> {
    const polled = offsets.map((at) => ({
      ...sourceRecord(this.#topic, at, 0),
      value: at === tooLarge ? 'x'.repeat(2 ** 21) : String(at),
    }))
    const records = polled.map(outgoing)
    this.delivery.polling()
    this.delivery.polled(records.length, false)
    await this.delivery.send({ polled, records, submitted: records }, never)
  }

  /** The task is stopped while it is polled. */
  async stop(saidAll = false): Promise<void> {
    this.delivery.polling()
    this.delivery.polled(0, !saidAll)
    await this.delivery[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.delivery[Symbol.asyncDispose]()
    await this.#stack.disposeAsync()
  }
}

describe('at-least-once delivery', { timeout: 600_000 }, () => {
  let kafka: KafkaUnderTest
  before(async () => {
    kafka = await KafkaUnderTest.start()
  })
  after(async () => await kafka[Symbol.asyncDispose]())

  const singles = Array.from({ length: 20 }, (_, n) => n + 1)

  /** Delivers one batch with these source offsets, stops the task while it is polled again, and answers what was committed in the end. */
  async function stoppedAfter(
    offsets: readonly number[],
    options: { readonly keepsUnitsWhole?: boolean; readonly saidAll?: boolean } = {},
  ): Promise<number | undefined> {
    const { keepsUnitsWhole = false, saidAll } = options
    await using lab = await Lab.of(kafka, { keepsUnitsWhole })
    await lab.batch(offsets)
    await lab.stop(saidAll)
    return lab.stored.at(-1)
  }

  test('keeps its last offset back at a stop while nobody knows whether more records belong to it', async () => {
    assert.equal(await stoppedAfter([1, 2, 2, 3]), 2, 'units of several records: 3 may be the first of two')
    assert.equal(await stoppedAfter([...singles, 21, 21, 22]), 21)
    assert.equal(await stoppedAfter([1, 2, 3]), 2, 'the first batch proves nothing')
    assert.equal(await stoppedAfter([7]), undefined)
  })

  test('commits it when its records never shared an offset, or the source has said that there is no more', async () => {
    assert.equal(await stoppedAfter(singles), 20)
    assert.equal(await stoppedAfter([1, 2, 2, 3], { saidAll: true }), 3)
    assert.equal(await stoppedAfter([1, 2, 2, 3], { keepsUnitsWhole: true }), 3)
  })

  test('keeps it back through a pause, and commits it when the unit has ended', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([1, 2, 2, 3])
    await lab.delivery.pausing()
    while (lab.parts.metrics.written < 4) await new Promise(setImmediate)
    await lab.delivery.commit()
    assert.deepEqual(lab.stored, [2])
    await lab.batch([3, 4])
    await lab.stop(true)
    assert.deepEqual(lab.stored, [2, 4])
  })

  test('keeps back what a failed task had handed out last', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch(singles)
    lab.delivery.giveUp()
    await lab.delivery[Symbol.asyncDispose]()
    assert.deepEqual(lab.stored, [19])
  })

  const refusesOnce = (): OffsetSink => {
    let calls = 0
    return () => (calls++ === 0 ? Promise.reject(new Error('no room for offsets')) : Promise.resolve())
  }
  const hangsOnce = (): OffsetSink => {
    let calls = 0
    return async (_, signal) => {
      if (calls++ > 0) return
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }
  }
  for (const [title, sink, timeoutMs] of [
    ['fails', refusesOnce, 30_000],
    ['takes longer than offset.flush.timeout.ms', hangsOnce, 20],
  ] as const)
    test(`writes offsets again with the next commit when one ${title}; only then the task is told`, async () => {
      await using lab = await Lab.of(kafka, { keepsUnitsWhole: true, sink: sink(), timeoutMs })
      await lab.batch([1, 2])
      while (lab.parts.metrics.written < 2) await new Promise(setImmediate)
      await lab.delivery.commit()
      assert.deepEqual([lab.stored, lab.told], [[], []])
      assert.match(lab.parts.warnings.join(), /^offsets are not committed, next try with the next commit/)
      await lab.delivery.commit()
      assert.deepEqual([lab.stored, lab.told], [[2], [2]])
    })

  test('commits nothing behind a record that was not delivered, and fails (Invariant 2)', async () => {
    await using lab = await Lab.of(kafka, { keepsUnitsWhole: true })
    await lab.batch([1, 2, 3, 4, 5], 3)
    while (lab.parts.metrics.written < 4) await new Promise(setImmediate)
    await lab.stop(true)
    assert.ok(lab.delivery.failed.aborted)
    assert.deepEqual(lab.stored, [2])
  })

  test('commits no offset behind a skipped record before its report is durable, and none when that is lost', async () => {
    for (const lost of [false, true]) {
      const report = Promise.withResolvers<void>()
      const tolerance = toleranceWithReport(report.promise)
      await using lab = await Lab.of(kafka, { keepsUnitsWhole: true, tolerance })
      await lab.batch([1])
      while (lab.parts.metrics.written < 1) await new Promise(setImmediate)
      const commit = lab.delivery.commit()
      // A round trip to Kafka is longer than a commit that does not wait.
      await kafka.clients.admin().partitions(await kafka.topic())
      assert.deepEqual(lab.stored, [])
      if (lost) report.reject(new Error('the dead letter queue is away'))
      else report.resolve()
      await commit
      assert.deepEqual(lab.stored, lost ? [] : [1])
      assert.equal(lab.delivery.failed.aborted, lost)
    }
  })
})
