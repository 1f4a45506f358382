import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { TransactionMarks } from '../../runtime/task/transaction-marks.ts'
import { NEVER_MS, toleranceWithReport } from './support/delivery-parts.ts'
import { ExactlyOnceLab as Lab } from './support/exactly-once-lab.ts'
import { KafkaUnderTest } from './support/kafka-under-test.ts'

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

  test('tells what it sent, what of it Kafka has taken, and when a transaction has ended', async () => {
    await using lab = await Lab.of(kafka, { keepsUnitsWhole: true, boundary: { kind: 'interval', ms: NEVER_MS } })
    const { progress, metrics } = lab.parts
    await lab.batch([lab.record(1, 0), lab.record(2, 0)])
    assert.equal(progress.snapshot(Date.now()).lastCommitted, null)
    assert.equal(await lab.delivery.pausing(), true)
    const { sent, acked, inFlight, lastSent, lastAcked, lastCommitted } = progress.snapshot(Date.now())
    assert.deepEqual([sent, acked, inFlight, metrics.active(), metrics.written], [2, 2, 0, 0, 2])
    for (const time of [lastSent, lastAcked, lastCommitted]) assert.ok(time !== null && time <= Date.now())
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

  test('commits where the task says also when the word comes with no more records', async () => {
    const marks = new TransactionMarks()
    await using lab = await Lab.of(kafka, { boundary: { kind: 'connector', marks } })
    await lab.batch([lab.record(1, 0)])
    marks.commitTransaction()
    lab.delivery.polling()
    lab.delivery.polled(0, false)
    await lab.commits(1)
    assert.deepEqual(await lab.seen(), { values: '1/0', offset: 1 })
  })

  test('tells the task of quiet times too, without a transaction', async () => {
    await using lab = await Lab.of(kafka, { intervalMs: 20 })
    await lab.commits(2)
    assert.deepEqual(lab.told, ['', ''])
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '', offset: undefined })
  })

  test('does not take a time for quiet in which a transaction is open', async () => {
    const intervalMs = 20
    await using lab = await Lab.of(kafka, { intervalMs, boundary: { kind: 'interval', ms: NEVER_MS } })
    await lab.batch([lab.record(1, 0)])
    const before = lab.told.length
    await new Promise((resolve) => setTimeout(resolve, 5 * intervalMs))
    assert.equal(lab.told.length, before)
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

  test('fails as soon as Kafka refuses a record, not only when the transaction is to end', async () => {
    await using lab = await Lab.of(kafka, { keepsUnitsWhole: true, boundary: { kind: 'interval', ms: NEVER_MS } })
    await kafka.clients.admin().alterTopicConfig(lab.topic, { 'max.message.bytes': '1000' })
    await lab.batch([{ ...lab.record(1, 0), value: 'x'.repeat(2000) }])
    if (!lab.delivery.failed.aborted) await once(lab.delivery.failed, 'abort')
    await assert.rejects(lab.batch([lab.record(2, 0)]), /Unrecoverable exception from producer send callback/)
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

  test('goes on when the task fails to confirm what is durable', async () => {
    await using lab = await Lab.of(kafka, { committed: () => Promise.reject(new Error('the source is away')) })
    for (const at of [1, 2, 3]) await lab.batch([lab.record(at, 0)])
    assert.deepEqual(lab.told, ['1', '2'])
    assert.deepEqual(lab.parts.warnings, Array(2).fill('the task failed to confirm committed offsets'))
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '1/0 2/0', offset: 2 })
  })

  test('fails when offsets cannot be written: their records are not seen, and the task is told nothing', async () => {
    await using lab = await Lab.of(kafka)
    await kafka.clients.admin().alterTopicConfig(lab.offsets, { 'max.message.bytes': '1000' })
    await lab.batch([lab.record(1, 0)])
    await lab.batch([{ ...lab.record(2, 0), sourceOffset: { at: 2, much: 'x'.repeat(2000) } }])
    await assert.rejects(lab.batch([lab.record(3, 0)]), { name: 'ConnectError' })
    assert.equal(lab.delivery.failed.aborted, true)
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '1/0', offset: 1 })
    assert.deepEqual(lab.told, ['1'])
  })

  test('commits nothing behind a skipped record before its report is durable, and fails when that is lost', async () => {
    for (const lost of [false, true]) {
      const report = Promise.withResolvers<void>()
      const tolerance = toleranceWithReport(report.promise)
      await using lab = await Lab.of(kafka, { keepsUnitsWhole: true, tolerance })
      await lab.batch([lab.record(1, 0)])
      // A round trip to Kafka is longer than a commit that does not wait.
      await kafka.clients.admin().partitions(await kafka.topic())
      assert.deepEqual(lab.told, [])
      if (lost) report.reject(new Error('the dead letter queue is away'))
      else report.resolve()
      await lab.stop()
      assert.deepEqual(lab.told, lost ? [] : ['1'])
      assert.deepEqual(await lab.seen(), lost ? { values: '', offset: undefined } : { values: '1/0', offset: 1 })
    }
  })
})
