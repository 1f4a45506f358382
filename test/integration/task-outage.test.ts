import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ScriptedSink } from '../support/scripted-sink.ts'
import { Probe } from '../support/probe-plugin/probe-channel.ts'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

/** Longer than a session of the sink's consumer. */
const AWAY_MS = 10_000
const SESSION = { 'consumer.override.session.timeout.ms': '6000', 'consumer.override.heartbeat.interval.ms': '1000' }
const values = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => `value-${from + i}`)
const without = process.env['KAFKA_BOOTSTRAP'] !== undefined && 'a broker that can be stopped is needed'

describe('while Kafka is away', { timeout: 240_000, skip: without }, () => {
  test('a source and a sink wait, say for what, and go on: nothing is lost, nothing fails', async () => {
    const sink = new ScriptedSink()
    await using w = await WorkerUnderTest.start({ 'task.stall.timeout.ms': '5000' }, [sink.plugin])
    using probe = new Probe()
    const [out, into] = [await w.createTopic('out'), await w.createTopic('in')]
    await w.produce(into, values(0, 10))
    await w.startTask('sink', { 'connector.class': 'test.ScriptedSink', topics: into, ...SESSION })
    const source = {
      'connector.class': 'ProbeSource',
      'probe.topic': out,
      'probe.channel': probe.name,
      'probe.batch': '5',
      'probe.pause.ms': '200',
      'probe.records': '300',
    }
    await w.startTask('source', source)
    await sink.until((each) => each.values.length >= 10)
    await probe.until(({ events }) => events.some(({ type }) => type === 'commit'))
    await w.broker!.stop()
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS))
    const waiting = await w.progress('source', ({ stalled }) => stalled !== null)
    assert.equal(waiting.state, 'RUNNING')
    assert.ok(waiting.in_flight > 0)
    assert.ok(['broker ack', 'producer room'].includes(waiting.waits_for!), waiting.waits_for!)
    assert.equal(waiting.stalled?.waits_for, waiting.waits_for)
    await w.broker!.restart()
    await probe.until(({ events }) => events.some((e) => e.type === 'commit' && e.offsets[0]?.['next'] === 300))
    const records = await w.read(out, 300)
    assert.deepEqual(
      records.map(({ value }) => value),
      values(0, 300),
    )
    await w.produce(into, values(10, 20))
    await sink.until((each) => new Set(each.values).size >= 20)
    assert.deepEqual([...new Set(sink.values)], values(0, 20))
    assert.deepEqual([...new Set(w.states.map(({ state }) => state))], ['RUNNING'])
    await w.progress('source', ({ stalled }) => stalled === null)
  })

  test('the offsets of a source that cannot be written are written later; the source is told then', async () => {
    await using w = await WorkerUnderTest.start({ 'offset.flush.timeout.ms': '400' })
    using probe = new Probe()
    const topic = await w.createTopic('out')
    const { controls } = w.broker!
    // Only the offset topic refuses: records flow on.
    const end = controls.inject(API_KEY_PRODUCE, NOT_ENOUGH_REPLICAS, {
      resource: { kind: 'topic', name: `${w.run}-offsets` },
    })
    await w.startTask('source', {
      'connector.class': 'ProbeSource',
      'probe.topic': topic,
      'probe.channel': probe.name,
      'probe.records': '50',
    })
    assert.equal((await w.read(topic, 50)).length, 50)
    const failures = 'kafka_connect_connector_task_metrics_offset_commit_failure_percentage'
    const failed = (): boolean => w.metrics.samples().some(({ name, value }) => name === failures && value > 0)
    while (!failed()) await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(probe.events.filter((e) => e.type === 'commit' && e.offsets.length > 0).length, 0)
    end()
    await probe.until(({ events }) => events.some((e) => e.type === 'commit' && e.offsets[0]?.['next'] === 50))
    assert.deepEqual(await w.offsets.read('source', [{ probe: 'source' }]), [{ next: 50 }])
  })
})

const API_KEY_PRODUCE = 0
const NOT_ENOUGH_REPLICAS = { kind: 'error', errorCode: 19 } as const
