import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConnectError } from '../../runtime/api/index.ts'
import { taskName } from '../../runtime/worker/lifecycle-state.ts'
import type { SourceStarts } from '../../runtime/worker/source-starts.ts'
import { CountingSource } from '../support/counting-source.ts'
import { readCommitted } from './support/exactly-once-lab.ts'
import { Probe } from '../support/probe-plugin/probe-channel.ts'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

const sequence = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `value-${i}`)

function committed(probe: Probe, next: number): Promise<void> {
  return probe.until(({ events }) => events.some((e) => e.type === 'commit' && e.offsets[0]?.['next'] === next))
}

describe('a source task', { timeout: 600_000 }, () => {
  test('delivers all records in order, commits its offsets and goes on from there', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('lines')
    const props = { 'connector.class': 'ProbeSource', 'probe.topic': topic, 'probe.channel': probe.name }
    await w.startTask('src', { ...props, 'probe.records': '1000' })
    await w.state('src-0', 'RUNNING')
    await committed(probe, 1000)
    assert.deepEqual(await w.offsets.read('src', [{ probe: 'src' }]), [{ next: 1000 }])
    await w.worker.stopTasks([{ connector: 'src', task: 0 }])
    assert.equal(probe.count('task-stop'), 1)
    assert.equal(w.states.at(-1)?.state, 'UNASSIGNED')

    await w.startTask('src', { ...props, 'probe.records': '1500' })
    await committed(probe, 1500)
    const values = (await w.read(topic, 1500)).map(({ value }) => value)
    assert.deepEqual(values, sequence(1500))
    assert.ok(w.topicsUsed.has(topic))
  })

  test('loses nothing when its thread is ended in the middle of its work', async () => {
    await using w = await WorkerUnderTest.start({ 'task.shutdown.graceful.timeout.ms': '500' })
    using probe = new Probe()
    const topic = await w.createTopic('lines')
    const props = { 'connector.class': 'ProbeSource', 'probe.topic': topic, 'probe.channel': probe.name }
    const id = { connector: 'src', task: 0 }
    await w.startTask('src', {
      ...props,
      'probe.records': '20000',
      'probe.misdeed': 'spin',
      'probe.misdeed.at': '5000',
    })
    await probe.until(({ events }) => events.some((event) => event.type === 'polled' && event.from >= 5000))
    await w.worker.stopTasks([id])
    await w.startTask('src', { ...props, 'probe.records': '8000' })
    await committed(probe, 8000)
    const [end] = await w.clients.admin().listOffsets([{ topic, partition: 0 }], 'latest')
    const values = (await w.read(topic, end!.offset)).map(({ value }) => value)
    assert.deepEqual([...new Set(values)], sequence(8000), 'all of them, in order, apart from repetitions')
  })

  test('is not polled while it is paused', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('lines')
    const props = { 'connector.class': 'ProbeSource', 'probe.topic': topic, 'probe.channel': probe.name }
    await w.startTask('src', { ...props, 'probe.records': '300' })
    await committed(probe, 300)
    await w.worker.setTarget('src', 'PAUSED')
    await w.state('src-0', 'PAUSED')
    const polls = probe.count('polled')
    await w.worker.setTarget('src', 'STARTED')
    await w.state('src-0', 'RUNNING')
    await probe.until((each) => each.count('polled') > polls)
    assert.equal(probe.count('task-start'), 1, 'it keeps its resources')
  })

  test('is paused and stopped between units, exactly once: what is seen is whole, nothing is lost or doubled (Invariant 9)', async () => {
    const source = new CountingSource()
    await using w = await WorkerUnderTest.start({ 'exactly.once.source.support': 'enabled' }, [source.plugin])
    const topic = await w.createTopic('lines')
    const seen = (): Promise<readonly string[]> => readCommitted(w.clients, topic)
    const got = async (more: number): Promise<void> => {
      const wanted = source.polled + more
      while (source.polled < wanted) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const start = () => w.startTask('src', { 'connector.class': 'test.CountingSource', 'counting.topic': topic })
    await start()
    let values: readonly string[] = []
    for (const records of [4, 5, 6]) {
      await got(records)
      await w.worker.setTarget('src', 'PAUSED')
      await w.state('src-0', 'PAUSED')
      values = await seen()
      assert.equal(values.length % CountingSource.unit, 0, values.at(-1))
      await w.worker.setTarget('src', 'STARTED')
      await w.state('src-0', 'RUNNING')
    }
    assert.equal(source.starts, 1, 'it keeps its resources')
    await got(4)
    await w.worker.stopTasks([{ connector: 'src', task: 0 }])
    values = await seen()
    assert.equal(values.length % CountingSource.unit, 0, values.at(-1))
    await start()
    await got(7)
    await w.worker.setTarget('src', 'PAUSED')
    await w.state('src-0', 'PAUSED')
    const all = await seen()
    assert.ok(all.length > values.length)
    assert.deepEqual(all, CountingSource.values(all.length))
  })

  test('is fenced before it takes over, exactly once, and does not start when its set is out of date by then', async () => {
    const asked: string[] = []
    const sourceStarts: SourceStarts = {
      fence: ({ id }) => Promise.resolve(void asked.push(`fence ${taskName(id)}`)),
      verify: ({ id }) => {
        asked.push(`verify ${taskName(id)}`)
        throw new ConnectError('a newer set of tasks is known')
      },
    }
    const source = new CountingSource()
    const support = { 'exactly.once.source.support': 'enabled' }
    await using w = await WorkerUnderTest.start(support, [source.plugin], { sourceStarts })
    const topic = await w.createTopic('lines')
    // What an earlier run of the task has left open.
    await using older = w.clients.transactionalProducer({ 'transactional.id': `${w.run}-src-0` })
    await older.initTransactions()
    older.begin()
    const written = Promise.withResolvers<void>()
    await older.send([{ topic, partition: 0, key: null, value: Buffer.from('lost') }], {
      delivered: () => written.resolve(),
      failed: (_, error) => written.reject(error),
    })
    await written.promise
    await w.startTask('src', { 'connector.class': 'test.CountingSource', 'counting.topic': topic })
    assert.match((await w.state('src-0', 'FAILED')) ?? '', /a newer set of tasks is known/)
    assert.deepEqual(asked, ['fence src-0', 'verify src-0'])
    assert.equal(source.starts, 0)
    // A new set may come until the older task is fenced, so that is done first.
    await assert.rejects(older.commit(), { code: 'FENCED' })
  })

  test('writes no offsets while its worker may have lost it to another one (Invariant 3)', async () => {
    let ours = false
    let asked = 0
    const stillOurs = (): Promise<boolean> => {
      asked++
      return Promise.resolve(ours)
    }
    await using w = await WorkerUnderTest.start({ 'offset.flush.interval.ms': '50' }, [], { stillOurs })
    using probe = new Probe()
    const topic = await w.createTopic('lines')
    const props = { 'connector.class': 'ProbeSource', 'probe.topic': topic, 'probe.channel': probe.name }
    await w.startTask('src', { ...props, 'probe.records': '100' })
    while (asked < 3) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.deepEqual(await w.offsets.read('src', [{ probe: 'src' }]), [undefined])
    ours = true
    await committed(probe, 100)
    assert.deepEqual(await w.offsets.read('src', [{ probe: 'src' }]), [{ next: 100 }])
  })

  test('creates its topics as the connector configures them', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = w.topic('created')
    await w.startTask('src', {
      'connector.class': 'ProbeSource',
      'probe.topic': topic,
      'probe.channel': probe.name,
      'probe.records': '10',
      'topic.creation.default.partitions': '3',
      'topic.creation.default.replication.factor': '1',
      'topic.creation.default.cleanup.policy': 'compact',
    })
    await committed(probe, 10)
    assert.equal(await w.clients.admin().partitions(topic), 3)
    assert.equal((await w.clients.admin().describeTopicConfig(topic))['cleanup.policy'], 'compact')
  })

  test('fails with the class, the message and the frames of what its plugin threw', async () => {
    await using w = await WorkerUnderTest.start()
    await w.startTask('src', { 'connector.class': 'ProbeSource', 'probe.misdeed': 'throw', 'probe.records': '1' })
    const trace = await w.state('src-0', 'FAILED')
    assert.match(trace ?? '', /^TypeError: the probe was told to throw\n\tat .*misdeed\.ts/)
  })

  test('fails at once when a converter does not exist', async () => {
    await using w = await WorkerUnderTest.start()
    await w.startTask('src', { 'connector.class': 'ProbeSource', 'value.converter': 'no.such.Converter' })
    assert.match((await w.state('src-0', 'FAILED')) ?? '', /Failed to find any class that implements Converter/)
  })

  test('drops what a predicate selects, and its offset moves on all the same', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('lines')
    await w.startTask('src', {
      'connector.class': 'ProbeSource',
      'probe.topic': topic,
      'probe.channel': probe.name,
      'probe.records': '50',
      transforms: 'drop',
      'transforms.drop.type': 'org.apache.kafka.connect.transforms.Filter',
    })
    await committed(probe, 50)
    assert.equal((await w.clients.admin().listOffsets([{ topic, partition: 0 }], 'latest'))[0]?.offset, 0)
  })
})
