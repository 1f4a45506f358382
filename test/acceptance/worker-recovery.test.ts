import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeConfigRecord } from '../../runtime/storage/config-records.ts'
import type { ConfigRecord } from '../../runtime/storage/config-records.ts'
import testConnectors from '../connectors/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const SOURCE = 'MonitorableSourceConnector'

function start(options: Parameters<typeof startConnectCluster>[0] = {}): Promise<ConnectCluster> {
  const { workerProps, ...rest } = options
  return startConnectCluster({
    plugins: [testConnectors],
    ownKafka: true,
    ...rest,
    workerProps: { 'plugin.path': '', ...workerProps },
  })
}

async function write(cluster: ConnectCluster, ...records: readonly ConfigRecord[]): Promise<void> {
  await cluster.kafka.produce(
    cluster.name('connect-configs'),
    records.map(encodeConfigRecord).map(({ key, value }) => ({
      key: Buffer.from(key).toString(),
      value: value === null ? null : Buffer.from(value).toString(),
    })),
  )
}

describe('ConnectWorkerIntegrationTest, with brokers and topics that fail', () => {
  test('W3 testBrokerCoordinator: work stops on all workers when the session is over, and runs again when the broker is back', async () => {
    const timeouts = { 'session.timeout.ms': '6000', 'rebalance.timeout.ms': '6000' }
    await using cluster = await start({ workers: 2, workerProps: timeouts })
    const name = cluster.name('source')
    const topic = await cluster.createTopic('numbers')
    await cluster.configure(name, { 'connector.class': SOURCE, 'tasks.max': '4', throughput: '50', topic })
    await cluster.running(name, 4)
    const handle = cluster.connector(name)
    await handle.awaitRecords(10)
    const before = handle.counts
    await cluster.kafka.stop()
    await handle.awaitStops(1, before)
    // each worker has a session of its own, and they do not end at the same moment
    await until('both unhealthy', async () => {
      const health = await Promise.all(cluster.workers.map((worker) => worker.ask('GET', '/health')))
      return health.every(({ status }) => status === 500)
    })
    await cluster.kafka.start()
    await handle.awaitStarts(1, before)
    await cluster.running(name, 4)
    await until('healthy again', async () => (await cluster.ask('GET', '/health')).status === 200)
  })

  test('W5 testSourceTaskNotBlockedOnShutdownWithNonExistentTopic: a task whose producer waits for a topic stops in time', async () => {
    await using cluster = await start({
      brokerProps: { 'auto.create.topics.enable': false },
      workerProps: { 'topic.creation.enable': 'false' },
    })
    const name = cluster.name('source')
    const config = { 'connector.class': SOURCE, 'tasks.max': '1', throughput: '10', topic: cluster.name('nowhere') }
    await cluster.configure(name, config)
    await cluster.running(name, 1)
    await cluster.connector(name).awaitRecords(1)
    const before = cluster.connector(name).counts
    await cluster.delete(name)
    await cluster.connector(name).awaitStops(1, before)
    await cluster.gone(name)
  })

  test('W16 testTasksMaxEnforcement: too many tasks fail the connector, or run when that is allowed', async () => {
    await using cluster = await start()
    const name = cluster.name('greedy')
    const topic = await cluster.createTopic('greedy')
    const config = { 'connector.class': SOURCE, 'tasks.max': '1', 'num.tasks': '2', throughput: '50', topic }
    await cluster.configure(name, config)
    await cluster.inState(name, 'FAILED', 0)
    const { connector } = await cluster.status(name)
    assert.match(
      connector.trace ?? '',
      new RegExp(
        `The connector ${name} has generated 2 tasks, which is greater than 1, the maximum number of tasks it is configured to create\\. `,
      ),
    )
    await cluster.removeWorker()
    await write(
      cluster,
      ...[0, 1].map((task): ConfigRecord => ({
        kind: 'task',
        connector: name,
        task,
        props: { ...config, 'task.class': `${SOURCE}$Task`, 'task.id': `${name}-${task}` },
      })),
      { kind: 'commit', connector: name, tasks: 2 },
    )
    await cluster.addWorker()
    await cluster.inState(name, 'FAILED', 2)
    await cluster.configure(name, { ...config, 'tasks.max.enforce': 'false' })
    await cluster.running(name, 2)
    await cluster.configure(name, { ...config, 'num.tasks': '3', 'tasks.max.enforce': 'false' })
    await cluster.running(name, 3)
    await cluster.configure(name, { ...config, 'num.tasks': '1', 'tasks.max.enforce': 'true' })
    await cluster.running(name, 1)
    await cluster.configure(name, { ...config, 'tasks.max.enforce': 'true' })
    await cluster.inState(name, 'FAILED', 1, 'RUNNING')
    await cluster.ask('POST', `/connectors/${name}/tasks/0/restart`)
    await cluster.inState(name, 'FAILED', 1, 'RUNNING')
  })

  test('W17 testCompactedDeletedOlderConnectorConfig: tasks of a deleted connector do not come back with its name', async () => {
    await using cluster = await start()
    const name = cluster.name('reborn')
    const old = await cluster.createTopic('old')
    await cluster.configure(name, { 'connector.class': SOURCE, 'tasks.max': '2', throughput: '50', topic: old })
    await cluster.running(name, 2)
    await cluster.delete(name)
    await cluster.gone(name)
    await cluster.removeWorker()
    // What a compacted log holds: the connector's records are gone, those of its tasks have stayed.
    const configs = cluster.name('connect-configs')
    const kept = new Map((await cluster.kafka.contents(configs)).map(({ key, value }) => [key!, value]))
    await cluster.kafka.clients.admin().deleteTopics([configs])
    await until('the topic is gone', async () => (await cluster.kafka.partitionCount(configs)) === 0)
    await cluster.kafka.createTopic(configs, 1, { 'cleanup.policy': 'compact' })
    const records = [...kept].filter(([, value]) => value !== null)
    assert.ok(records.some(([key]) => key === `commit-${name}`))
    await cluster.kafka.produce(
      configs,
      records.map(([key, value]) => ({ key, value })),
    )
    const end = await cluster.kafka.endOffset(old)
    await cluster.addWorker()
    const next = await cluster.createTopic('next')
    await cluster.configure(name, { 'connector.class': SOURCE, 'tasks.max': '2', throughput: '50', topic: next })
    await cluster.running(name, 2)
    await cluster.kafka.consume(next, 10)
    assert.equal(await cluster.kafka.endOffset(old), end)
  })

  test('a connector whose tasks compaction tore out of the log gets them again (KAFKA-17719)', async () => {
    await using cluster = await start()
    const name = cluster.name('torn')
    const topic = await cluster.createTopic('torn')
    const config = { 'connector.class': SOURCE, 'tasks.max': '2', throughput: '50', topic }
    await cluster.configure(name, config)
    await cluster.running(name, 2)
    // A commit without its tasks: what a worker reads that starts after the log was torn, and here everybody.
    await write(cluster, { kind: 'commit', connector: name, tasks: 3 })
    await until('the set is whole again', async () => {
      const { body } = await cluster.ask<readonly unknown[]>('GET', `/connectors/${name}/tasks`)
      return body.length === 2 || body
    })
    await cluster.running(name, 2)
  })
})
