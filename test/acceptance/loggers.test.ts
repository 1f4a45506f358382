import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ClusterWorker } from './support/connect-cluster.ts'

const CHATTY = join(import.meta.dirname, 'support', 'chatty-plugin')

/** The debug lines of tasks in what a worker has printed. */
function lines({ output }: ClusterWorker): number {
  return output.split('\n').filter((line) => line.includes('nothing to read') && line.includes('|task-')).length
}

test(
  "a level for the whole cluster changes what the tasks' threads of every worker print, and back",
  { timeout: 600_000 },
  async () => {
    await using cluster = await startConnectCluster({ workers: 0, workerProps: { 'plugin.path': CHATTY } })
    const workers = await Promise.all([1, 2].map(() => cluster.addWorker({ child: true })))
    const name = cluster.name('chatty')
    await cluster.configure(name, { 'connector.class': 'ChattySource', 'tasks.max': '2' })
    await until('each worker has a task', async () => {
      const { body } = await cluster.ask<{ tasks?: { state: string; worker_id: string }[] }>(
        'GET',
        `/connectors/${name}/status`,
      )
      const running = body.tasks?.filter(({ state }) => state === 'RUNNING') ?? []
      return new Set(running.map((task) => task.worker_id)).size === 2 || body
    })
    assert.deepEqual(workers.map(lines), [0, 0])

    const set = (level: string) => cluster.ask('PUT', `/admin/loggers/connectors.${name}?scope=cluster`, { level })
    assert.equal((await set('DEBUG')).status, 204)
    await until(
      'the tasks of both are heard',
      async () => workers.every((worker) => lines(worker) >= 2) || workers.map(lines),
    )
    for (const { output } of workers) assert.match(output, new RegExp(`"level":"debug"[^\n]*\\[${name}\\|task-[01]\\]`))

    assert.equal((await set('WARN')).status, 204)
    await until('both are silent', async () => {
      const before = workers.map(lines)
      await new Promise((resolve) => setTimeout(resolve, 500)) // time for many more lines
      return workers.every((worker, i) => lines(worker) === before[i]) || before
    })
  },
)
