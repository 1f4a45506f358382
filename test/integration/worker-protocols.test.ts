import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Props } from '../../runtime/api/index.ts'
import testConnectors from '../connectors/index.ts'
import { startConnectCluster, until } from '../acceptance/support/connect-cluster.ts'
import type { ConnectCluster, Status } from '../acceptance/support/connect-cluster.ts'

function start(): Promise<ConnectCluster> {
  return startConnectCluster({ workers: 0, plugins: [testConnectors], workerProps: { 'plugin.path': '' } })
}

async function configure(cluster: ConnectCluster, name: string, more: Props = {}): Promise<void> {
  const config = { 'connector.class': 'MonitorableSourceConnector', 'tasks.max': '4', throughput: '50', ...more }
  await cluster.configure(name, { ...config, topic: cluster.name('numbers') })
}

/** Exactly these tasks, each on one worker, all workers with a share. */
async function spread(cluster: ConnectCluster, names: readonly string[], on: number): Promise<void> {
  await until('all run, spread over the workers', async () => {
    const statuses = await Promise.all(names.map((name) => cluster.status(name)))
    const tasks = statuses.flatMap((status: Partial<Status>) => status.tasks ?? [])
    const owners = new Set(tasks.map((task) => task.worker_id))
    const done = tasks.length === names.length * 4 && tasks.every(({ state }) => state === 'RUNNING')
    return (done && owners.size === on) || tasks
  })
}

/** Who runs what, by the workers' own word: nothing twice. */
async function runningTasks(cluster: ConnectCluster): Promise<number> {
  const texts = await Promise.all(cluster.workers.map(async ({ url }) => await (await fetch(`${url}/metrics`)).text()))
  const counts = texts.map((text) =>
    Number(/^kafka_connect_connect_worker_metrics_task_count(?:\{\})? (\d+)$/m.exec(text)?.[1]),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

async function signatureIsWanted(cluster: ConnectCluster): Promise<boolean> {
  const { status } = await cluster.ask('POST', '/connectors/none/tasks', [])
  return status === 400 || status === 403 || status === 503
}

describe('a group whose workers know different protocols', () => {
  it('falls back to what all know, and goes on when the oldest has gone', async () => {
    await using cluster = await start()
    const names = ['x', 'y'].map((name) => cluster.name(name))
    await cluster.kafka.createTopic(cluster.name('numbers'))
    await cluster.addWorker({ props: { 'connect.protocol': 'sessioned' } })
    await until('the worker leads', async () => (await cluster.ask('GET', '/health')).status === 200)
    for (const name of names) await configure(cluster, name)
    await spread(cluster, names, 1)
    assert.equal(await signatureIsWanted(cluster), true)

    await cluster.addWorker({ props: { 'connect.protocol': 'compatible' } })
    await spread(cluster, names, 2)
    await until('no signatures', async () => !(await signatureIsWanted(cluster)))

    const eager = await cluster.addWorker({ props: { 'connect.protocol': 'eager' } })
    await spread(cluster, names, 3)
    await until('nothing runs twice', async () => (await runningTasks(cluster)) === 8)
    await configure(cluster, names[0]!, { 'a.new': 'config' })
    await spread(cluster, names, 3)
    await until('nothing runs twice', async () => (await runningTasks(cluster)) === 8)

    await cluster.removeWorker(eager)
    await spread(cluster, names, 2)
    await until('nothing runs twice', async () => (await runningTasks(cluster)) === 8)
  })

  it('makes a new session key when the old one is over, or another algorithm is wanted', async () => {
    await using cluster = await start()
    const keys = async (): Promise<readonly { key: string; algorithm: string }[]> => {
      const records = await cluster.kafka.contents(cluster.name('connect-configs'))
      return records
        .filter(({ key }) => key === 'session-key')
        .map(({ value }) => JSON.parse(value!) as { key: string; algorithm: string })
    }
    const worker = await cluster.addWorker({ props: { 'inter.worker.key.ttl.ms': '1000' } })
    await until('three keys', async () => (await keys()).length >= 3)
    assert.equal(new Set((await keys()).map(({ key }) => key)).size, (await keys()).length)
    await cluster.removeWorker(worker)
    const algorithm = 'HmacSHA512'
    await cluster.addWorker({
      props: {
        'inter.worker.key.generation.algorithm': algorithm,
        'inter.worker.signature.algorithm': algorithm,
        'inter.worker.verification.algorithms': `${algorithm},HmacSHA256`,
      },
    })
    await until('the new algorithm', async () => (await keys()).at(-1)?.algorithm === algorithm)
    assert.equal(Buffer.from((await keys()).at(-1)!.key, 'base64').length, 64)
  })
})
