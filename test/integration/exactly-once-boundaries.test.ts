import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { ExactlyOnceOptions } from '../../runtime/task/exactly-once-delivery.ts'
import { HOLD_MS } from '../../runtime/task/submitted-records.ts'
import { TransactionMarks } from '../../runtime/task/transaction-marks.ts'
import { NEVER_MS } from './support/delivery-parts.ts'
import { ExactlyOnceLab as Lab } from './support/exactly-once-lab.ts'
import { KafkaUnderTest } from './support/kafka-under-test.ts'

/** Timers may fire as much too early. */
const EARLY_MS = 2

const never = new AbortController().signal

let kafka: KafkaUnderTest
before(async () => {
  kafka = await KafkaUnderTest.start()
})
after(async () => await kafka[Symbol.asyncDispose]())

/** The source says nothing for so long that its last unit is complete. */
async function silence(lab: Lab): Promise<void> {
  lab.delivery.polling()
  await pause(HOLD_MS + EARLY_MS)
  lab.delivery.polled(0, true)
}

describe('the time at which a transaction ends', { timeout: 600_000 }, () => {
  test('is that of the poll, once a source that does not keep units whole has been silent for a while', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([lab.record(1, 0)])
    const since = performance.now()
    lab.delivery.polling()
    await lab.commits(1)
    assert.ok(lab.toldAt[0]! - since >= HOLD_MS - EARLY_MS, 'the rest of the unit might have come')
    lab.delivery.polled(0, true)
    assert.deepEqual(await lab.seen(), { values: '1/0', offset: 1 })
  })

  test('is that of the poll which brings nothing: the unit is complete', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([lab.record(1, 0)])
    lab.delivery.polling()
    lab.delivery.polled(0, false)
    await lab.commits(1)
    assert.deepEqual(await lab.seen(), { values: '1/0', offset: 1 })
  })

  test('is not reached by a poll which brings nothing before the interval is over', async () => {
    await using lab = await Lab.of(kafka, { boundary: { kind: 'interval', ms: NEVER_MS } })
    await lab.batch([lab.record(1, 0)])
    lab.delivery.polling()
    lab.delivery.polled(0, false)
    await lab.batch([lab.record(2, 0)]) // behind a commit, had that been asked for
    assert.deepEqual(lab.told, [])
  })

  test('is not reached while poll fails: that says nothing of the unit', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([lab.record(1, 0)])
    lab.delivery.polling()
    lab.delivery.pollFailed()
    await pause(HOLD_MS + EARLY_MS)
    assert.deepEqual(lab.told, [])
    await lab.batch([lab.record(1, 1)])
    await lab.batch([lab.record(2, 0)])
    assert.deepEqual(lab.told, ['1'])
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '1/0 1/1', offset: 1 })
  })

  test('is the interval, while the source is polled and while it hands out records', async () => {
    const ms = 300
    const since = performance.now()
    await using lab = await Lab.of(kafka, { boundary: { kind: 'interval', ms } })
    for (const at of [1, 2, 3]) await lab.batch([lab.record(at, 0)])
    lab.delivery.polling()
    await lab.commits(1)
    lab.delivery.polled(0, true)
    for (let at = 4; lab.told.length < 3; at++) {
      await lab.batch([lab.record(at, 0)])
      await pause(10)
    }
    const [first, second, third] = lab.toldAt as [number, number, number]
    assert.ok(first - since >= ms - EARLY_MS)
    // The clock of the interval starts before the task is told of a commit.
    for (const interval of [second - first, third - second]) assert.ok(interval >= ms / 2, String(interval))
    await lab.stop()
    assert.equal((await lab.seen()).offset, Number(lab.told[2]))
  })

  for (const [title, options, leastMs] of [
    ['half of its timeout', { transactionTimeoutMs: 400 }, 200],
    [
      'half way from the interval to its timeout',
      { transactionTimeoutMs: 500, boundary: { kind: 'interval', ms: 200 } },
      350,
    ],
  ] as const satisfies readonly (readonly [string, Partial<ExactlyOnceOptions>, number])[])
    test(`is ${title} at the latest, when a unit never ends; that is warned of once`, async () => {
      await using lab = await Lab.of(kafka, options)
      const since = performance.now()
      let index = 0
      while (lab.told.length < 2) {
        await lab.batch([lab.record(1, index++)])
        await pause(10)
      }
      assert.ok(lab.toldAt[0]! - since >= leastMs - EARLY_MS)
      assert.deepEqual(lab.parts.warnings.length, 1)
      assert.match(lab.parts.warnings[0]!, /did not end; it is spread over several transactions/)
      await lab.stop()
      assert.equal((await lab.seen()).offset, 1)
    })
})

describe('a pause, exactly once', { timeout: 600_000 }, () => {
  test('waits for the end of the last unit; what came behind it is sent when it is over (Invariant 9)', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([lab.record(1, 0)])
    await lab.batch([lab.record(2, 0)])
    assert.equal(await lab.delivery.pausing(), false)
    await lab.batch([lab.record(2, 1)])
    assert.equal(await lab.delivery.pausing(), false)
    await lab.batch([lab.record(2, 2), lab.record(3, 0)])
    assert.equal(await lab.delivery.pausing(), true)
    assert.deepEqual(await lab.seen(), { values: '1/0 2/0 2/1 2/2', offset: 2 })
    await lab.delivery.resuming(never)
    await lab.batch([lab.record(3, 1)])
    await lab.batch([lab.record(4, 0)])
    assert.deepEqual(lab.told, ['1', '2', '3'])
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '1/0 2/0 2/1 2/2 3/0 3/1', offset: 3 })
  })

  test('that comes again sends nothing of the one before again', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([lab.record(1, 0)])
    assert.equal(await lab.delivery.pausing(), false)
    await lab.batch([lab.record(2, 0)])
    assert.equal(await lab.delivery.pausing(), true)
    await lab.delivery.resuming(never)
    await silence(lab)
    assert.equal(await lab.delivery.pausing(), true)
    await lab.delivery.resuming(never)
    await lab.batch([lab.record(3, 0)])
    await lab.batch([lab.record(4, 0)])
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '1/0 2/0 3/0', offset: 3 })
  })

  test('that is over before the unit has ended splits nothing', async () => {
    await using lab = await Lab.of(kafka)
    await lab.batch([lab.record(1, 0)])
    assert.equal(await lab.delivery.pausing(), false)
    await lab.delivery.resuming(never)
    await lab.batch([lab.record(1, 1), lab.record(2, 0)])
    await lab.batch([lab.record(2, 1), lab.record(3, 0)])
    await lab.stop()
    assert.deepEqual(await lab.seen(), { values: '1/0 1/1 2/0 2/1', offset: 2 })
  })

  test('begins when the source has been silent for a while, long before the interval ends', async () => {
    await using lab = await Lab.of(kafka, { boundary: { kind: 'interval', ms: NEVER_MS } })
    await lab.batch([lab.record(1, 0)])
    assert.equal(await lab.delivery.pausing(), false)
    await silence(lab)
    assert.equal(await lab.delivery.pausing(), true)
    assert.deepEqual(await lab.seen(), { values: '1/0', offset: 1 })
  })

  test('begins at once when the source keeps its units whole, or has said that there is no more', async () => {
    for (const keepsUnitsWhole of [true, false]) {
      await using lab = await Lab.of(kafka, { keepsUnitsWhole, boundary: { kind: 'interval', ms: NEVER_MS } })
      await lab.batch([lab.record(1, 0)])
      if (!keepsUnitsWhole) {
        lab.delivery.polling()
        lab.delivery.polled(0, false)
      }
      assert.equal(await lab.delivery.pausing(), true)
      assert.deepEqual(await lab.seen(), { values: '1/0', offset: 1 })
    }
  })

  test('does not wait for longer than the transaction may', async () => {
    await using lab = await Lab.of(kafka, { transactionTimeoutMs: 200 })
    await lab.batch([lab.record(1, 0)])
    let index = 1
    while (!(await lab.delivery.pausing())) {
      await lab.batch([lab.record(1, index++)])
      await pause(10)
    }
    assert.match(lab.parts.warnings.join(), /did not end/)
    assert.equal((await lab.seen()).offset, 1)
  })

  test('waits for the end of a transaction where the task says where they end', async () => {
    const marks = new TransactionMarks()
    await using lab = await Lab.of(kafka, { boundary: { kind: 'connector', marks } })
    const records = [1, 2, 3, 4].map((at) => lab.record(at, 0))
    await lab.batch([records[0]!])
    assert.equal(await lab.delivery.pausing(), false)
    await silence(lab)
    assert.equal(await lab.delivery.pausing(), false, 'silence is no mark')
    marks.commitTransaction(records[2])
    await lab.batch(records.slice(1))
    assert.equal(await lab.delivery.pausing(), true)
    assert.deepEqual(await lab.seen(), { values: '1/0 2/0 3/0', offset: 3 })
    await lab.delivery.resuming(never)
    marks.commitTransaction()
    await lab.batch([lab.record(5, 0)])
    assert.deepEqual(await lab.seen(), { values: '1/0 2/0 3/0 4/0 5/0', offset: 5 })
  })

  test('waits for that also where units are kept whole', async () => {
    const marks = new TransactionMarks()
    await using lab = await Lab.of(kafka, { keepsUnitsWhole: true, boundary: { kind: 'connector', marks } })
    await lab.batch([lab.record(1, 0)])
    assert.equal(await lab.delivery.pausing(), false)
    marks.commitTransaction()
    await lab.batch([lab.record(2, 0)])
    assert.equal(await lab.delivery.pausing(), true)
    assert.deepEqual(await lab.seen(), { values: '1/0 2/0', offset: 2 })
  })

  for (const [replays, values, offset] of [
    [true, '1/0', 1],
    [false, '1/0 2/0', 2],
  ] as const)
    test(`that ends with a stop ${replays ? 'gives up' : 'delivers'} what waited, if the source can${replays ? '' : 'not'} give it again`, async () => {
      await using lab = await Lab.of(kafka, { replays })
      await lab.batch([lab.record(1, 0)])
      assert.equal(await lab.delivery.pausing(), false)
      await lab.batch([lab.record(2, 0)])
      assert.equal(await lab.delivery.pausing(), true)
      await lab.delivery[Symbol.asyncDispose]()
      assert.deepEqual(await lab.seen(), { values, offset })
    })
})
