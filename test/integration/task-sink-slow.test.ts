import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ScriptedSink } from '../support/scripted-sink.ts'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const MIB = 2 ** 20
const API_KEY_HEARTBEAT = 12
const SINK = { 'connector.class': 'test.ScriptedSink' }

/** What put waits for, as often as it is called; `open()` ends all waiting. */
class Barrier {
  readonly #gate = Promise.withResolvers<void>()
  readonly #reached = Promise.withResolvers<void>()

  async pass(): Promise<void> {
    this.#reached.resolve()
    await this.#gate.promise
  }

  get reached(): Promise<void> {
    return this.#reached.promise
  }

  open(): void {
    this.#gate.resolve()
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}

// A broker of its own: its heartbeats are counted.
const skip = process.env['KAFKA_BOOTSTRAP'] !== undefined

describe('a sink that is slower than its topic', { timeout: 180_000, skip }, () => {
  test('stays in its group, holds no more than it may fetch, and shows its lag', async () => {
    const barrier = new Barrier()
    const sink = new ScriptedSink({ put: async (records) => void (records.length > 0 && (await barrier.pass())) })
    await using w = await WorkerUnderTest.start({ 'offset.flush.interval.ms': '200' }, [sink.plugin])
    const topic = await w.createTopic('in')
    const padding = 'x'.repeat(4096)
    const values = Array.from({ length: 6000 }, (_, n) => `${n}${padding}`)
    await w.produce(topic, values)
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    const name = `${w.run}-slow`
    await w.startTask(name, {
      ...SINK,
      topics: topic,
      'consumer.override.max.poll.records': '100',
      'consumer.override.session.timeout.ms': '6000',
      'consumer.override.heartbeat.interval.ms': '100',
    })
    await barrier.reached
    const beats = w.broker!.controls.requests(API_KEY_HEARTBEAT)
    await until(() => w.broker!.controls.requests(API_KEY_HEARTBEAT) >= beats + 10)
    collectGarbage()
    const held = process.memoryUsage().arrayBuffers - before
    assert.ok(held < 12 * MIB, `${(held / MIB).toFixed(1)} MiB of a topic of 24 are held`)
    const [progress] = await w.worker.progress(name)
    assert.deepEqual([progress?.waits_for, progress?.in_flight, progress?.stalled], ['put', 100, null])
    assert.ok(progress!.lag! >= 5900 - 100, String(progress?.lag))
    const { members } = await w.clients.admin().describeGroup(`connect-${name}`)
    assert.equal(members.length, 1)

    barrier.open()
    await sink.until((each) => each.values.length >= values.length)
    assert.deepEqual(sink.values, values)
    await until(async () => (await w.worker.progress(name))[0]?.lag === 0)
    assert.deepEqual([...new Set(w.states.map(({ state }) => state))], ['RUNNING'])
    assert.equal(sink.calls.filter((call) => call === 'open').length, 1)
  })

  test('for longer than max.poll.interval.ms gives its partitions to others, and reads again what it had not committed', async () => {
    const barrier = new Barrier()
    const sink = new ScriptedSink({ put: async (records) => void (records.length > 0 && (await barrier.pass())) })
    await using w = await WorkerUnderTest.start({ 'offset.flush.interval.ms': '200' }, [sink.plugin])
    const topic = await w.createTopic('in')
    await w.produce(topic, ['a', 'b', 'c'])
    const name = `${w.run}-tardy`
    await w.startTask(name, { ...SINK, topics: topic, 'consumer.override.max.poll.interval.ms': '1000' })
    await barrier.reached
    const admin = w.clients.admin()
    await until(async () => (await admin.describeGroup(`connect-${name}`)).members.length === 0)
    barrier.open()
    await sink.until((each) => each.values.length >= 6)
    assert.deepEqual(sink.values, ['a', 'b', 'c', 'a', 'b', 'c'])
    assert.deepEqual(
      sink.partitions.map(({ call }) => call),
      ['open', 'close', 'open'],
    )
    await until(async () => (await admin.listGroupOffsets(`connect-${name}`))[0]?.offset === 3)
    assert.deepEqual([...new Set(w.states.map(({ state }) => state))], ['RUNNING'])
  })
})
