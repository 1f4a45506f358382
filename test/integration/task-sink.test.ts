import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ScriptedSink } from '../support/scripted-sink.ts'
import { Probe } from '../support/probe-plugin/probe-channel.ts'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

const values = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => `value-${from + i}`)

async function groupOffset(w: WorkerUnderTest, group: string, topic: string): Promise<number | undefined> {
  const offsets = await w.clients.admin().listGroupOffsets(group)
  return offsets.find((each) => each.topic === topic)?.offset
}

async function untilCommitted(w: WorkerUnderTest, group: string, topic: string, offset: number): Promise<void> {
  while ((await groupOffset(w, group, topic)) !== offset) await new Promise((resolve) => setTimeout(resolve, 100))
}

describe('a sink task', { timeout: 600_000 }, () => {
  test('puts all records in order, commits what it delivered and goes on from there', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('in')
    const props = { 'connector.class': 'ProbeSink', topics: topic, 'probe.channel': probe.name }
    const name = `${w.run}-sink`
    await w.produce(topic, values(0, 500))
    await w.startTask(name, props)
    await probe.until((each) => each.values.length >= 500)
    await untilCommitted(w, `connect-${name}`, topic, 500)
    await w.worker.stopTasks([{ connector: name, task: 0 }])
    assert.deepEqual(
      probe.events.flatMap((event) => (event.type === 'close' ? event.partitions : [])),
      [`${topic}-0`],
    )
    await w.produce(topic, values(500, 700))
    await w.startTask(name, props)
    await probe.until((each) => each.values.length >= 700)
    assert.deepEqual(probe.values, values(0, 700))
  })

  test('that is paused is not started before it is resumed; both are heard at once, however rarely it commits', async () => {
    const sink = new ScriptedSink()
    await using w = await WorkerUnderTest.start({ 'offset.flush.interval.ms': '3600000' }, [sink.plugin])
    const topic = await w.createTopic('in')
    const name = `${w.run}-sink`
    await w.startTask(name, { 'connector.class': 'test.ScriptedSink', topics: topic }, 0, 'PAUSED')
    await w.state(`${name}-0`, 'PAUSED')
    await w.progress(name, ({ waits_for: waitsFor }) => waitsFor === 'resume')
    assert.deepEqual(sink.calls, [])
    await w.worker.setTarget(name, 'STARTED')
    await w.state(`${name}-0`, 'RUNNING')
    await w.produce(topic, values(0, 10))
    await sink.until((each) => each.values.length === 10)
    await w.progress(name, ({ waits_for: waitsFor }) => waitsFor === 'records')
    await w.worker.setTarget(name, 'PAUSED')
    await w.state(`${name}-0`, 'PAUSED')
    await w.produce(topic, values(10, 20))
    await w.worker.setTarget(name, 'STARTED')
    await sink.until((each) => each.values.length === 20)
    assert.deepEqual(sink.values, values(0, 20))
  })

  test('is given the same batch again as long as put asks for it', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('in')
    const name = `${w.run}-sink`
    await w.produce(topic, values(0, 100))
    await w.startTask(name, {
      'connector.class': 'ProbeSink',
      topics: topic,
      'probe.channel': probe.name,
      'probe.retriable': '3',
    })
    await probe.until((each) => each.values.length >= 100)
    await w.produce(topic, values(100, 200))
    await probe.until((each) => each.values.length >= 200)
    assert.deepEqual(probe.values, values(0, 200))
    await untilCommitted(w, `connect-${name}`, topic, 200)
  })

  test('sends poison records to the dead letter queue with their story', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('in')
    const dead = w.topic('dead')
    const name = `${w.run}-sink`
    await w.produce(topic, ['{"a":1}', 'poison', '{"a":2}', '{"a":3}'])
    await w.startTask(name, {
      'connector.class': 'ProbeSink',
      topics: topic,
      'probe.channel': probe.name,
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'false',
      transforms: 'none',
      'transforms.none.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
      'transforms.none.static.field': 'b',
      'transforms.none.static.value': 'x',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': dead,
      'errors.deadletterqueue.topic.replication.factor': '1',
      'errors.deadletterqueue.context.headers.enable': 'true',
    })
    await probe.until((each) => each.values.length >= 3)
    const [letter] = await w.read(dead, 1)
    assert.equal(letter?.value, 'poison')
    assert.deepEqual(
      [...letter!.headers].slice(0, 6),
      [
        ['topic', topic],
        ['partition', '0'],
        ['offset', '1'],
        ['connector.name', name],
        ['task.id', '0'],
        ['stage', letter!.headers.get('__connect.errors.stage') ?? ''],
      ].map(([key, value]) => [`__connect.errors.${key}`, value]),
    )
    assert.match(
      letter!.headers.get('__connect.errors.exception.class.name') ?? '',
      /org\.apache\.kafka\.connect\.errors\.DataException/,
    )
    await untilCommitted(w, `connect-${name}`, topic, 4)
  })

  test('fails on a poison record when errors are not tolerated', async () => {
    await using w = await WorkerUnderTest.start()
    const topic = await w.createTopic('in')
    const name = `${w.run}-sink`
    await w.produce(topic, ['poison'])
    await w.startTask(name, {
      'connector.class': 'ProbeSink',
      topics: topic,
      'value.converter': 'org.apache.kafka.connect.converters.LongConverter',
    })
    const trace = (await w.state(`${name}-0`, 'FAILED')) ?? ''
    assert.match(trace, /^org\.apache\.kafka\.connect\.errors\.ConnectException: Tolerance exceeded in error handler/)
    assert.match(trace, /Caused by: org\.apache\.kafka\.connect\.errors\.DataException/)
  })

  test('reports single records that it cannot deliver', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('in')
    const dead = w.topic('dead')
    const name = `${w.run}-sink`
    await w.produce(topic, ['good', 'bad', 'better'])
    await w.startTask(name, {
      'connector.class': 'ProbeSink',
      topics: topic,
      'probe.channel': probe.name,
      'probe.bad': 'bad',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': dead,
      'errors.deadletterqueue.topic.replication.factor': '1',
      'errors.deadletterqueue.context.headers.enable': 'true',
    })
    await probe.until((each) => each.values.length >= 2)
    assert.deepEqual(probe.values, ['good', 'better'])
    const [letter] = await w.read(dead, 1)
    assert.equal(letter?.value, 'bad')
    assert.equal(letter.headers.get('__connect.errors.stage'), 'TASK_PUT')
    assert.equal(letter.headers.get('__connect.errors.class.name'), 'org.apache.kafka.connect.sink.SinkTask')
    assert.equal(letter.headers.get('__connect.errors.exception.message'), 'a bad value')
  })

  test('is given nothing while it is paused, and all of it afterwards', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('in')
    const name = `${w.run}-sink`
    await w.produce(topic, values(0, 10))
    await w.startTask(name, { 'connector.class': 'ProbeSink', topics: topic, 'probe.channel': probe.name })
    await probe.until((each) => each.values.length >= 10)
    await w.worker.setTarget(name, 'PAUSED')
    await w.state(`${name}-0`, 'PAUSED')
    await w.produce(topic, values(10, 20))
    await untilCommitted(w, `connect-${name}`, topic, 10)
    assert.equal(probe.values.length, 10)
    await w.worker.setTarget(name, 'STARTED')
    await probe.until((each) => each.values.length >= 20)
    assert.deepEqual(probe.values, values(0, 20))
  })

  test('gives up its partitions to a second task and takes them back', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('in', 2)
    const name = `${w.run}-sink`
    const props = {
      'connector.class': 'ProbeSink',
      topics: topic,
      'probe.channel': probe.name,
      'consumer.override.heartbeat.interval.ms': '200',
    }
    const opened = (count: number): Promise<void> =>
      probe.until(({ events }) => events.some((e) => e.type === 'open' && e.partitions.length === count))
    await w.startTask(name, props)
    await opened(2)
    await w.startTask(name, props, 1)
    await probe.until(({ events }) => events.filter((e) => e.type === 'open' && e.partitions.length === 1).length >= 2)
    await w.produce(topic, values(0, 10))
    await probe.until((each) => each.values.length >= 10)
    await w.worker.stopTasks([{ connector: name, task: 1 }])
    await probe.until(({ events }) => {
      const last = events.findLast((e) => e.type === 'open')
      return last?.type === 'open' && last.partitions.length === 2
    })
    assert.equal(new Set(probe.values).size, 10)
  })

  test('does not wait for what is left of it on a worker that froze', { timeout: 60_000 }, async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('in')
    const name = `${w.run}-sink`
    const clientId = `connector-consumer-${name}-0`
    // it is a member, beats, and does not rejoin when the group asks it to
    await using frozen = w.clients.consumer({ 'group.id': `connect-${name}`, 'client.id': clientId })
    const joined = Promise.withResolvers<void>()
    const nothing = async (): Promise<void> => {}
    frozen.subscribe([topic], { assigned: async () => joined.resolve(), revoked: nothing, lost: nothing })
    const polling = frozen.poll({ timeoutMs: 60_000 })
    await joined.promise
    frozen.wakeup()
    await polling
    await w.produce(topic, values(0, 10))
    await w.startTask(name, { 'connector.class': 'ProbeSink', topics: topic, 'probe.channel': probe.name })
    await probe.until((each) => each.values.length >= 10)
    assert.deepEqual(probe.values, values(0, 10))
  })
})
