import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkerConfig } from '../../runtime/config/worker-config.ts'
import { IsolatePool } from '../../runtime/isolate/isolate-pool.ts'
import { PluginRegistry } from '../../runtime/plugins/plugin-registry.ts'
import { silentLogger } from '../../runtime/telemetry/context-logger.ts'

async function pool(props: Readonly<Record<string, string>>, beforeWork = (): void => undefined): Promise<IsolatePool> {
  const config = WorkerConfig.parse(
    {
      'bootstrap.servers': '127.0.0.1:1',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'offset.storage.file.filename': 'unused',
      ...props,
    },
    'standalone',
  )
  return new IsolatePool({
    config,
    plugins: await PluginRegistry.load({ pluginPath: [], logger: silentLogger }),
    logLevels: () => [],
    logger: silentLogger,
    events: { report() {}, hangs() {}, ended() {} },
    beforeWork,
  })
}

test('threads that were started ahead take the tasks that come, and end when none does', async (t) => {
  await using threads = await pool({ 'task.threads.max': '2' })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await threads.warmUp(5)
  const first = threads.forTask('shared', 'a')
  first.instances.add(1)
  const second = threads.forTask('shared', 'b')
  assert.deepEqual([first.name, second.name], ['task-thread-1', 'task-thread-2'])
  const third = threads.forTask('shared', 'c')
  assert.equal(third, second, 'the limit counts them: the emptiest one takes the next')

  const question = { type: 'definition', className: 'FileStreamSource', props: {} } as const
  const [answer] = await Promise.allSettled([
    threads.forConnectors().ask(question),
    Promise.resolve(t.mock.timers.tick(60_000)),
  ])
  assert.doesNotMatch(String((answer as { reason?: unknown }).reason), /was ended/, 'no guest, but a question')
  const later = threads.forTask('shared', 'd')
  assert.equal(later.name, 'task-thread-3', 'the empty one is gone')
  assert.deepEqual([...first.instances], [1], 'the other one is not')
})

test('whoever owns the process hears of work before it begins, wherever it runs', async () => {
  for (const isolation of ['shared', 'dedicated', 'process', 'inline'] as const) {
    let heard = 0
    await using threads = await pool({}, () => void heard++)
    assert.equal(heard, 0)
    threads.forTask(isolation, 'a')
    assert.equal(heard, 1, isolation)
  }
})

test('no thread is started ahead where tasks do not share them', async () => {
  await using threads = await pool({ 'task.isolation': 'dedicated' })
  await threads.warmUp(5)
  assert.equal(threads.connectorThread, undefined)
})
