import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startConnectCluster, until } from './support/connect-cluster.ts'

/** Of a process and its children, and theirs. */
function descendants(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number)
  return children.flatMap((child) => [child, ...descendants(child)])
}

const skip = process.platform !== 'linux' && 'looks at processes in /proc'

test('a child process of a connector ends with its worker, however that ends', { timeout: 120_000, skip }, async () => {
  await using cluster = await startConnectCluster({ workers: 0 })
  const worker = await cluster.addWorker({ child: true })
  const topic = await cluster.createTopic('numbers')
  const name = cluster.name('apart')
  await cluster.configure(name, {
    'connector.class': 'MonitorableSourceConnector',
    'task.isolation': 'process',
    'tasks.max': '2',
    topic,
    throughput: '50',
  })
  await cluster.running(name, 2)
  await cluster.connector(name).awaitRecords(10)
  // Connector, validation and both tasks: one process, and none is left of the validation.
  const guests = descendants(worker.pid!).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`naru ${name}`),
  )
  assert.equal(guests.length, 1)
  cluster.forget(worker)
  await worker.kill()
  await until('nobody is left', async () => guests.every((pid) => !existsSync(`/proc/${pid}`)))
})
