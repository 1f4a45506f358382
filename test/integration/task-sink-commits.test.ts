import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ScriptedSink } from '../support/scripted-sink.ts'
import type { Script } from '../support/scripted-sink.ts'
import type { Props } from '../../runtime/api/index.ts'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

const values = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => `value-${from + i}`)

const API_KEY_OFFSET_COMMIT = 8
const COORDINATOR_LOAD_IN_PROGRESS = 14

describe('what a sink task commits', { timeout: 600_000 }, () => {
  async function sink(
    script: Script,
    { worker = {}, props = {} }: { readonly worker?: Props; readonly props?: Props } = {},
  ): Promise<{
    readonly w: WorkerUnderTest
    readonly topic: string
    readonly name: string
    readonly seen: ScriptedSink
  }> {
    const seen = new ScriptedSink(script)
    const w = await WorkerUnderTest.start(worker, [seen.plugin])
    const topic = await w.createTopic('in')
    const name = `${w.run}-sink`
    await w.startTask(name, { 'connector.class': 'test.ScriptedSink', topics: topic, ...props })
    return { w, topic, name, seen }
  }

  async function committed(w: WorkerUnderTest, name: string): Promise<number | undefined> {
    return (await w.clients.admin().listGroupOffsets(`connect-${name}`))[0]?.offset
  }

  async function untilCommitted(w: WorkerUnderTest, name: string, offset: number): Promise<void> {
    while ((await committed(w, name)) !== offset) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  test('is what preCommit says, never more than was delivered, and nothing when it says nothing', async () => {
    let answer: 'less' | 'more' | 'null' = 'null'
    const { w, topic, name, seen } = await sink({
      preCommit: (delivered) => {
        if (answer === 'null') return null as never
        return delivered.map((each) => ({ ...each, offset: each.offset + (answer === 'less' ? -3 : 1000) }))
      },
    })
    await using _ = w
    await w.produce(topic, values(0, 10))
    await seen.until(({ calls }) => calls.filter((each) => each === 'preCommit').length >= 3)
    assert.equal(await committed(w, name), undefined)
    answer = 'less'
    await untilCommitted(w, name, 7)
    answer = 'more'
    const before = seen.calls.length
    await seen.until(({ calls }) => calls.length > before + 4)
    assert.equal(await committed(w, name), 7)
  })

  test('is read again from the last commit when preCommit fails, also when there was none yet', async () => {
    let failures = 0
    const { w, topic, name, seen } = await sink({
      preCommit: (delivered) => {
        if (failures < 2 && delivered.some(({ offset }) => offset >= 10)) {
          failures++
          throw new Error('what was put is lost')
        }
        return delivered
      },
    })
    await using _ = w
    await w.produce(topic, values(0, 10))
    await seen.until((each) => each.values.length >= 30)
    await untilCommitted(w, name, 10)
    assert.deepEqual(seen.values, [...values(0, 10), ...values(0, 10), ...values(0, 10)])
  })

  test('starts where the task says: open() and put() may ask to read again from anywhere', async () => {
    let rewound = false
    const { w, topic, name, seen } = await sink({
      open: (partitions, context) => context.seek(partitions.map((each) => ({ ...each, offset: 4 }))),
      put: (records, context) => {
        const last = records.at(-1)
        if (rewound || last === undefined || last.offset < 9) return
        rewound = true
        context.seek([{ topic: last.originalTopic, partition: last.originalPartition, offset: 8 }])
      },
    })
    await using _ = w
    await w.produce(topic, values(0, 10))
    await seen.until((each) => each.values.length >= 8)
    assert.deepEqual(seen.values, [...values(4, 10), ...values(8, 10)])
    await untilCommitted(w, name, 10)
  })

  test('is asked for by the task before the interval, which may also pause partitions and wait', async () => {
    const worker = { 'offset.flush.interval.ms': '60000' }
    let resumed = false
    const { w, topic, name, seen } = await sink(
      {
        put: (records, context) => {
          if (records.length > 0) {
            context.requestCommit()
            context.pause(context.assignment())
          } else if (seen.values.length === 1 && resumed) context.resume(context.assignment())
          context.timeout(20)
        },
      },
      { worker, props: { 'consumer.override.max.poll.records': '1' } },
    )
    await using _ = w
    await w.produce(topic, values(0, 2))
    await untilCommitted(w, name, 1)
    assert.deepEqual(seen.values, values(0, 1))
    const empty = seen.calls.length
    // timeout() makes put come again although there is nothing to read.
    await seen.until(({ calls }) => calls.length > empty + 3)
    assert.deepEqual(seen.values, values(0, 1))
    resumed = true
    await untilCommitted(w, name, 2)
  })

  test('stays what it was while Kafka refuses it, and catches up afterwards', async () => {
    const { w, topic, name, seen } = await sink({}, { worker: { 'offset.flush.timeout.ms': '500' } })
    await using _ = w
    if (w.broker === undefined) return // faults on demand need the embedded broker
    await w.produce(topic, values(0, 5))
    await untilCommitted(w, name, 5)
    const { controls } = w.broker
    const end = controls.inject(API_KEY_OFFSET_COMMIT, { kind: 'error', errorCode: COORDINATOR_LOAD_IN_PROGRESS })
    const before = controls.requests(API_KEY_OFFSET_COMMIT)
    await w.produce(topic, values(5, 10))
    while (controls.requests(API_KEY_OFFSET_COMMIT) < before + 2)
      await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(await committed(w, name), 5)
    end()
    await untilCommitted(w, name, 10)
    assert.deepEqual(seen.values, values(0, 10))
  })

  test('on a stop is all that was delivered, before the partitions are closed', async () => {
    const worker = { 'offset.flush.interval.ms': '60000' }
    const { w, topic, name, seen } = await sink({}, { worker })
    await using _ = w
    await w.produce(topic, values(0, 10))
    await seen.until((each) => each.values.length >= 10)
    await w.worker.stopTasks([{ connector: name, task: 0 }])
    assert.equal(await committed(w, name), 10)
    assert.deepEqual(
      seen.calls.filter((call) => call !== 'put'),
      ['start', 'open', 'preCommit', 'close', 'stop'],
    )
  })

  test('on a failure is what was delivered before it', async () => {
    const worker = { 'offset.flush.interval.ms': '60000' }
    const { w, topic, name, seen } = await sink(
      {
        put: (records) => {
          if (records.some(({ offset }) => offset === 5)) throw new TypeError('not this one')
        },
      },
      { worker, props: { 'consumer.override.max.poll.records': '1' } },
    )
    await using _ = w
    await w.produce(topic, values(0, 10))
    const trace = await w.state(`${name}-0`, 'FAILED')
    assert.match(
      trace ?? '',
      /Exiting WorkerSinkTask due to unrecoverable exception\.[^]*Caused by: TypeError: not this one/,
    )
    assert.equal(await committed(w, name), 5)
    assert.deepEqual(seen.calls.slice(-2), ['close', 'stop'])
  })
})
