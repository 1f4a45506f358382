import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Probe } from '../support/probe-plugin/probe-channel.ts'
import { WorkerUnderTest } from '../support/worker-under-test.ts'

describe('a source task', { timeout: 120_000 }, () => {
  test('delivers all records in order, commits its offsets and goes on from there', async () => {
    await using w = await WorkerUnderTest.start()
    using probe = new Probe()
    const topic = await w.createTopic('lines')
    const props = { 'connector.class': 'ProbeSource', 'probe.topic': topic, 'probe.channel': probe.name }
    await w.startTask('src', { ...props, 'probe.records': '1000' })
    await w.state('src-0', 'RUNNING')
    const committed = (next: number): Promise<void> =>
      probe.until(({ events }) => events.some((e) => e.type === 'commit' && e.offsets[0]?.['next'] === next))
    await committed(1000)
    assert.deepEqual(await w.offsets.read('src', [{ probe: 'src' }]), [{ next: 1000 }])
    await w.worker.stopTasks([{ connector: 'src', task: 0 }])
    assert.equal(probe.count('task-stop'), 1)
    assert.equal(w.states.at(-1)?.state, 'UNASSIGNED')

    await w.startTask('src', { ...props, 'probe.records': '1500' })
    await committed(1500)
    const values = (await w.read(topic, 1500)).map(({ value }) => value)
    assert.deepEqual(
      values,
      Array.from({ length: 1500 }, (_, i) => `value-${i}`),
    )
    assert.ok(w.topicsUsed.has(topic))
  })
})
