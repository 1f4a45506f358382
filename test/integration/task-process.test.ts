import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

const LIMIT = { 'task.memory.max.mb': '96' }

describe('tasks in child processes', { timeout: 600_000 }, () => {
  test('work as in threads, offsets and all', async () => {
    await using w = await WorkerUnderTest.start({ 'task.isolation': 'process' })
    const topic = await w.createTopic('out')
    const props = { 'connector.class': 'ProbeSource', 'probe.topic': topic, 'probe.records': '50' }
    await w.startTask('source', props)
    await w.state('source-0', 'RUNNING')
    assert.equal((await w.read(topic, 50)).length, 50)
    const [progress] = await w.worker.progress('source')
    assert.equal(progress?.records.read, 50)
    await w.worker.setTarget('source', 'PAUSED')
    await w.state('source-0', 'PAUSED')
    await w.worker.stopTasks([{ connector: 'source', task: 0 }])
    assert.deepEqual(await w.offsets.read('source', [{ probe: 'source' }]), [{ next: 50 }])
  })

  test('may fill their heap in one call: that ends them alone, and the status says what to do', async () => {
    await using w = await WorkerUnderTest.start(LIMIT)
    const topic = await w.createTopic('good')
    await w.startTask('good', { 'connector.class': 'ProbeSource', 'probe.topic': topic, 'probe.records': '10' })
    await w.state('good-0', 'RUNNING')
    await w.startTask('bad', {
      'connector.class': 'ProbeSource',
      'probe.misdeed': 'bomb',
      'probe.records': '1',
      'task.isolation': 'process',
    })
    assert.match((await w.state('bad-0', 'FAILED')) ?? '', /process bad\/\d+ .*task\.memory\.max\.mb=96/)
    const [good] = await w.worker.progress('good')
    assert.equal(good?.state, 'RUNNING')
    assert.equal((await w.read(topic, 10)).length, 10)
  })

  test('take their connector with them, which fails alone too', async () => {
    await using w = await WorkerUnderTest.start(LIMIT)
    const start = (name: string, props: Readonly<Record<string, string>>): Promise<void> =>
      w.worker.startConnector({
        name,
        props: { name, 'connector.class': 'ProbeSource', 'task.isolation': 'process', ...props },
        target: 'STARTED',
        generation: 1,
      })
    await start('good', {})
    await start('bad', { 'probe.connector.misdeed': 'bomb' })
    assert.match((await w.state('bad', 'FAILED')) ?? '', /task\.memory\.max\.mb=96/)
    assert.equal((await w.worker.taskConfigs('good', 2)).length, 2)
  })
})
