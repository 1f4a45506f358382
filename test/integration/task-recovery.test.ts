import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Probe } from '../support/probe-plugin/probe-channel.ts'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

const SOON = { 'errors.task.restart.delay.ms': '20', 'errors.task.restart.delay.max.ms': '50' }

describe('a task that fails or stands still', { timeout: 600_000 }, () => {
  let folder: string
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'naru-recovery-'))))
  after(() => rm(folder, { recursive: true, force: true }))

  test('is started again until what it needs is there, and says why and when', async () => {
    await using w = await WorkerUnderTest.start({ ...SOON, 'errors.task.restart.enable': 'true' })
    using probe = new Probe()
    const database = join(folder, 'database')
    await w.startTask('heals', {
      'connector.class': 'ProbeSource',
      'probe.topic': await w.createTopic('heals'),
      'probe.channel': probe.name,
      'probe.records': '10',
      'probe.needs.file': database,
    })
    await probe.until((each) => each.count('task-start') >= 3)
    const [failing] = await w.worker.progress('heals')
    assert.equal(failing?.restart?.reason, 'retriable')
    assert.match(failing.restart.error, /ECONNREFUSED/)
    await writeFile(database, '')
    await probe.until(({ events }) => events.some((e) => e.type === 'commit' && e.offsets[0]?.['next'] === 10))
    await w.state('heals-0', 'RUNNING')
    const told = w.states.map(({ state }) => state)
    assert.deepEqual(told.slice(0, 3), ['FAILED', 'RESTARTING', 'FAILED'])
    assert.equal(told.at(-1), 'RUNNING')
    const healed = await w.progress('heals', (task) => task.waits_for === 'poll' && task.in_flight === 0)
    assert.equal(healed.state, 'RUNNING')
    assert.deepEqual(healed.records, { read: 10, sent: 10, acked: 10 })
    assert.ok(healed.last_committed! >= healed.last_acked! && healed.last_acked! >= healed.last_read!)
    assert.equal(healed.restart?.next_try, null)
  })

  test('stays failed when its budget is spent, when its connector says so, and for errors that stay', async () => {
    await using w = await WorkerUnderTest.start({ ...SOON, 'errors.task.restart.enable': 'true' })
    using probe = new Probe()
    const props = {
      'connector.class': 'ProbeSource',
      'probe.channel': probe.name,
      'probe.needs.file': join(folder, 'never'),
    }
    await w.startTask('spent', { ...props, 'errors.task.restart.max': '2' })
    await probe.until((each) => each.count('task-start') === 3)
    const spent = await w.progress('spent', ({ state, restart }) => state === 'FAILED' && restart?.next_try === null)
    assert.deepEqual([spent.restart?.attempts, spent.restart?.budget_left], [2, 0])
    await w.startTask('off', { ...props, 'errors.task.restart.enable': 'false' })
    await w.state('off-0', 'FAILED')
    await w.startTask('wrong', { ...props, 'errors.tolerance': 'some' })
    await w.state('wrong-0', 'FAILED')
    const [off, wrong] = [...(await w.worker.progress('off')), ...(await w.worker.progress('wrong'))]
    assert.deepEqual([off?.restart?.next_try, wrong?.restart?.next_try], [null, null])
    assert.equal(wrong?.restart?.reason, 'config')
  })

  test('may be a connector, too: its task configs are asked for once it runs', async () => {
    await using w = await WorkerUnderTest.start({ ...SOON, 'errors.task.restart.enable': 'true' })
    const file = join(folder, 'connector-may')
    await w.worker.startConnector({
      name: 'c',
      props: { name: 'c', 'connector.class': 'ProbeSource', 'probe.connector.needs.file': file },
      target: 'STARTED',
      generation: 1,
    })
    await w.state('c', 'FAILED')
    assert.deepEqual(w.reconfigurations, [])
    await writeFile(file, '')
    await w.state('c', 'RUNNING')
    assert.deepEqual(w.reconfigurations, ['c'])
    assert.equal((await w.worker.taskConfigs('c', 2)).length, 2)
  })

  test('is not started again once it was stopped', async () => {
    await using w = await WorkerUnderTest.start({ ...SOON, 'errors.task.restart.enable': 'true' })
    using probe = new Probe()
    const props = { 'connector.class': 'ProbeSource', 'probe.needs.file': join(folder, 'never') }
    await w.startTask('gone', { ...props, 'probe.channel': probe.name })
    await w.state('gone-0', 'FAILED')
    await w.worker.stopTasks([{ connector: 'gone', task: 0 }])
    const starts = probe.count('task-start')
    // One that failed later and waits as long is started again: the time of the other is over by then.
    using later = new Probe()
    await w.startTask('later', { ...props, 'probe.channel': later.name })
    await later.until((each) => each.count('task-start') === 3)
    assert.equal(probe.count('task-start'), starts)
    await w.worker.stopTasks([{ connector: 'later', task: 0 }])
    assert.deepEqual(w.worker.running().tasks, [])
  })

  test('that stands still is reported with what it waits for, and is started again alone if configured', async () => {
    await using w = await WorkerUnderTest.start({ ...SOON, 'task.stall.timeout.ms': '300' })
    using probe = new Probe()
    const topic = await w.createTopic('in')
    const file = join(folder, 'put-may')
    const props = { 'connector.class': 'ProbeSink', topics: topic, 'probe.channel': probe.name }
    await w.produce(topic, ['a', 'b'])
    await w.startTask('reported', { ...props, 'probe.hangs.without': file })
    await w.progress('reported', ({ stalled }) => stalled?.waits_for === 'put')
    await w.startTask('restarted', {
      ...props,
      'probe.hangs.without': file,
      'task.stall.action': 'restart',
      'consumer.override.session.timeout.ms': '6000',
    })
    assert.match((await w.state('restarted-0', 'FAILED')) ?? '', /stood still for \d+ s, waiting for: put/)
    await writeFile(file, '')
    await probe.until((each) => each.values.length >= 2)
    assert.deepEqual(probe.values, ['a', 'b'])
    const [restarted] = await w.worker.progress('restarted')
    assert.equal(restarted?.restart?.reason, 'stalled')
    assert.equal((await w.worker.progress('reported'))[0]?.restart, null)
  })
})
