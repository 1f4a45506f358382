import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Probe } from '../support/probe-plugin/probe-channel.ts'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

function committed(probe: Probe, next: number): Promise<void> {
  return probe.until(({ events }) => events.some((e) => e.type === 'commit' && e.offsets[0]?.['next'] === next))
}

/** Starts a task that works beside whatever else happens, and answers how to see that it still does. */
async function neighbour(w: WorkerUnderTest, name = 'good'): Promise<{ works: () => Promise<void> }> {
  const topic = await w.createTopic(name)
  let records = 100
  const start = async (): Promise<void> => {
    using probe = new Probe()
    const props = { 'connector.class': 'ProbeSource', 'probe.topic': topic, 'probe.channel': probe.name }
    await w.startTask(name, { ...props, 'probe.records': String(records) })
    await committed(probe, records)
  }
  await start()
  return {
    works: async () => {
      records += 100
      await w.worker.stopTasks([{ connector: name, task: 0 }])
      await start()
    },
  }
}

describe('a plugin that misbehaves', { timeout: 600_000 }, () => {
  test('and spins holds neither the worker nor other tasks, and is ended when it is stopped', async () => {
    await using w = await WorkerUnderTest.start({ 'task.shutdown.graceful.timeout.ms': '800' })
    using probe = new Probe()
    const good = await neighbour(w)
    await w.startTask('bad', {
      'connector.class': 'ProbeSource',
      'probe.misdeed': 'spin',
      'probe.records': '1',
      'probe.channel': probe.name,
    })
    await probe.until((each) => each.count('polled') > 0)
    await good.works()
    await w.worker.stopTasks([{ connector: 'bad', task: 0 }])
    assert.deepEqual(
      w.worker.running().tasks.map(({ connector }) => connector),
      ['good'],
    )
  })

  for (const misdeed of ['crash', 'reject', 'exit'] as const) {
    test(`and does ${misdeed} in a shared thread fails alone`, async () => {
      await using w = await WorkerUnderTest.start({ 'task.threads.max': '1' })
      using probe = new Probe()
      const topic = await w.createTopic('good')
      const props = { 'connector.class': 'ProbeSource', 'probe.topic': topic, 'probe.channel': probe.name }
      await w.startTask('good', { ...props, 'probe.records': '100' })
      await committed(probe, 100)
      await w.startTask('bad', { 'connector.class': 'ProbeSource', 'probe.misdeed': misdeed, 'probe.records': '1' })
      const trace = await w.state('bad-0', 'FAILED')
      assert.match(trace ?? '', misdeed === 'exit' ? /process\.exit\(3\)/ : /^RangeError: the probe was told to/)
      // With `exit` the thread was lost: the neighbour starts again in another one.
      await probe.until((each) => each.count('task-start') === (misdeed === 'exit' ? 2 : 1))
      await w.worker.setTarget('good', 'PAUSED')
      await w.state('good-0', 'PAUSED')
    })
  }

  for (const misdeed of ['leak-heap', 'leak-buffers'] as const) {
    test(`and does ${misdeed} is ended at its memory limit`, async () => {
      await using w = await WorkerUnderTest.start({ 'task.memory.max.mb': '120' })
      const good = await neighbour(w)
      await w.startTask('bad', { 'connector.class': 'ProbeSource', 'probe.misdeed': misdeed, 'probe.records': '1' })
      assert.match((await w.state('bad-0', 'FAILED')) ?? '', /task\.memory\.max\.mb=120/)
      await good.works()
    })
  }

  test('in a connector that spins is ended, and the other connectors start again', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const start = (name: string, props: Readonly<Record<string, string>>): Promise<void> =>
      w.worker.startConnector({
        name,
        props: { name, 'connector.class': 'ProbeSource', ...props },
        target: 'STARTED',
        generation: 1,
      })
    await start('good', { 'probe.channel': probe.name })
    assert.equal((await w.worker.taskConfigs('good', 2)).length, 2)
    await start('bad', { 'probe.connector.misdeed': 'spin' })
    assert.match((await w.state('bad', 'FAILED')) ?? '', /held its thread/)
    await probe.until((each) => each.count('connector-start') === 2)
    assert.equal((await w.worker.taskConfigs('good', 1)).length, 1)
  })
})

describe('tasks in the main thread', { timeout: 600_000 }, () => {
  test('work as in threads of their own: states, offsets, progress, and an end', async () => {
    await using w = await WorkerUnderTest.start({ 'task.isolation': 'inline' })
    const topic = await w.createTopic('out')
    const mark = `naru test ${w.run}`
    await w.startTask('source', {
      'connector.class': 'ProbeSource',
      'probe.topic': topic,
      'probe.records': '50',
      'probe.thread.mark': mark,
    })
    await w.state('source-0', 'RUNNING')
    assert.equal((await w.read(topic, 50)).length, 50)
    // Only a task of this very thread can have set it.
    assert.equal((globalThis as Record<string, unknown>)[mark], true)
    const [progress] = await w.worker.progress('source')
    assert.equal(progress?.records.read, 50)
    await w.worker.setTarget('source', 'PAUSED')
    await w.state('source-0', 'PAUSED')
    await w.worker.stopTasks([{ connector: 'source', task: 0 }])
    assert.deepEqual(await w.offsets.read('source', [{ probe: 'source' }]), [{ next: 50 }])
  })
})
