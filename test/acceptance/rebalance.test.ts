import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Props } from '../../runtime/api/index.ts'
import testConnectors from '../connectors/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster, Status } from './support/connect-cluster.ts'

describe('RebalanceSourceConnectorsIntegrationTest', () => {
  let cluster: ConnectCluster
  const names: string[] = []
  before(async () => {
    cluster = await startConnectCluster({
      workers: 3,
      plugins: [testConnectors],
      workerProps: { 'plugin.path': '', 'connect.protocol': 'compatible' },
    })
  })
  after(() => cluster[Symbol.asyncDispose]())

  async function start(more: Props = {}): Promise<string> {
    const name = cluster.name(`source-${names.length}`)
    const topic = await cluster.createTopic(`topic-${names.length}`)
    names.push(name)
    await cluster.configure(name, {
      ...{ 'connector.class': 'MonitorableSourceConnector', 'tasks.max': '4', topic, throughput: '200' },
      ...more,
    })
    await cluster.running(name, 4)
    return name
  }

  /** Every connector and task RUNNING once, the workers' shares of connectors and of tasks at most one apart. */
  async function balanced(): Promise<void> {
    await until('all work runs, evenly', async () => {
      const { body } = await cluster.ask<Record<string, { status: Status }>>('GET', '/connectors?expand=status')
      const all = Object.values(body).map(({ status }) => status)
      const tasks = all.flatMap((status) => status?.tasks ?? [])
      const shares = (owners: readonly string[]): readonly number[] =>
        cluster.workers.map(({ workerId }) => owners.filter((owner) => owner === workerId).length)
      const [connectorShares, taskShares] = [
        shares(all.map((status) => status?.connector.worker_id)),
        shares(tasks.map((task) => task.worker_id)),
      ]
      const even = (of: readonly number[], total: number): boolean =>
        of.reduce((sum, share) => sum + share, 0) === total && Math.max(...of) - Math.min(...of) <= 1
      const done =
        all.length === names.length &&
        all.every((status) => status?.connector.state === 'RUNNING' && status.tasks.length === 4) &&
        tasks.every((task) => task.state === 'RUNNING') &&
        even(connectorShares, names.length) &&
        even(taskShares, names.length * 4)
      return done || { connectorShares, taskShares }
    })
  }

  test('Q1 testStartTwoConnectors: both run with four tasks each', async () => {
    await start()
    await start()
    await balanced()
  })

  test('Q2 testReconfigConnector: connector and tasks restart once and write to the new topic', async () => {
    const name = await start()
    const handle = cluster.connector(name)
    const config = (await cluster.ask<Props>('GET', `/connectors/${name}/config`)).body
    assert.ok((await cluster.kafka.consume(config['topic']!, 100)).length >= 100)
    const before = handle.counts
    const topic = await cluster.createTopic('another')
    await cluster.configure(name, { ...config, topic })
    await handle.awaitStarts(1, before)
    assert.ok((await cluster.kafka.consume(topic, 100)).length >= 100)
    await cluster.running(name, 4)
    assert.equal(handle.counts.starts - before.starts, 1, 'the connector started once more')
  })

  test('Q3 testDeleteConnector: what is left is unique and even', async () => {
    await start()
    await balanced()
    const [gone] = names.splice(2, 1)
    await cluster.delete(gone!)
    await cluster.gone(gone!)
    await balanced()
  })

  test('Q4 testAddingWorker: the fourth gets its share, and what stays is not interrupted', async () => {
    const owners = async (): Promise<ReadonlyMap<string, string>> => {
      const statuses = await Promise.all(names.map((name) => cluster.status(name)))
      return new Map(statuses.flatMap(({ name, tasks }) => tasks.map((task) => [`${name} ${task.id}`, task.worker_id])))
    }
    const task = (key: string) => {
      const [name, id] = key.split(' ') as [string, string]
      return cluster.connector(name).task(Number(id))
    }
    const before = await owners()
    const starts = new Map([...before.keys()].map((key) => [key, task(key).starts]))
    await cluster.addWorker()
    await balanced()
    for (const [key, owner] of await owners())
      if (owner === before.get(key)) assert.equal(task(key).starts, starts.get(key), `${key} stays and runs on`)
  })

  test('Q5 testRemovingWorker: the others take its work', async () => {
    await cluster.removeWorker()
    await balanced()
  })

  test('Q6 testMultipleWorkersRejoining: two leave, two come, all runs evenly', async () => {
    await cluster.removeWorker()
    await cluster.removeWorker()
    await balanced()
    await cluster.addWorker()
    await cluster.addWorker()
    await balanced()
  })
})
