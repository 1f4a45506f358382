import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import testConnectors from '../connectors/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const TOPICS = ['connect-configs', 'connect-offsets', 'connect-status'] as const

/** Without workers; they are added one by one. */
function clusterOf(brokerProps: Readonly<Record<string, string>> = {}): Promise<ConnectCluster> {
  return startConnectCluster({ workers: 0, plugins: [testConnectors], brokerProps, workerProps: { 'plugin.path': '' } })
}

async function describeTopics(cluster: ConnectCluster) {
  const admin = cluster.kafka.clients.admin()
  const found = await admin.describeTopics(TOPICS.map((topic) => cluster.name(topic)))
  return await Promise.all(
    found.map(async ({ name, partitions }) => ({
      partitions: partitions.length,
      replicas: partitions[0]?.replicas.length,
      policy: (await admin.describeTopicConfig(name))['cleanup.policy'],
    })),
  )
}

async function healthy(cluster: ConnectCluster): Promise<void> {
  await until('the worker is healthy', async () => {
    const { status, body } = await cluster.worker.ask('GET', '/health')
    return status === 200 || body
  })
}

describe('InternalTopicsIntegrationTest', () => {
  test('I1 testCreateInternalTopicsWithDefaultSettings: partitions and compaction as in Connect, also after a restart', async () => {
    await using cluster = await clusterOf()
    const defaults = { 'offset.storage.partitions': '25', 'status.storage.partitions': '5' }
    const expected = [1, 25, 5].map((partitions) => ({ partitions, replicas: 1, policy: 'compact' }))
    for (let start = 0; start < 2; start++) {
      await cluster.addWorker({ props: defaults })
      await healthy(cluster)
      assert.deepEqual(await describeTopics(cluster), expected)
      await cluster.removeWorker()
    }
  })

  test('I2 testCreateInternalTopicsWithFewerReplicasThanBrokers: the settings of the worker are honoured', async () => {
    await using cluster = await clusterOf()
    await cluster.addWorker({
      props: {
        ...Object.fromEntries(['config', 'offset', 'status'].map((of) => [`${of}.storage.replication.factor`, '-1'])),
        'offset.storage.partitions': '7',
        'status.storage.partitions': '2',
        'status.storage.segment.bytes': '1048576',
        'config.storage.cleanup.policy': 'delete',
      },
    })
    await healthy(cluster)
    assert.deepEqual(await describeTopics(cluster), [
      { partitions: 1, replicas: 1, policy: 'compact' },
      { partitions: 7, replicas: 1, policy: 'compact' },
      { partitions: 2, replicas: 1, policy: 'compact' },
    ])
    const settings = await cluster.kafka.clients.admin().describeTopicConfig(cluster.name('connect-status'))
    assert.equal(settings['segment.bytes'], '1048576')
  })

  test('I3 testFailToCreateInternalTopicsWithMoreReplicasThanBrokers: the worker says what it waits for, and makes no topic', async () => {
    await using cluster = await clusterOf()
    const worker = await cluster.addWorker({
      props: { 'config.storage.replication.factor': '3', 'offset.storage.replication.factor': '2' },
    })
    const { status, body } = await worker.ask<{ message: string }>('GET', '/health')
    assert.equal(status, 503)
    assert.match(body.message, /starting up/)
    const topics = [cluster.name('connect-configs'), cluster.name('connect-offsets')]
    for (const topic of topics) assert.equal(await cluster.kafka.partitionCount(topic), 0)
  })

  test('I4 testFailToStartWhenInternalTopicsAreNotCompacted: each topic is refused by name until all are compacted', async () => {
    await using cluster = await clusterOf({ 'log.cleanup.policy': 'delete' })
    const [configs, offsets, statuses] = TOPICS.map((topic) => cluster.name(topic)) as [string, string, string]
    await cluster.kafka.createTopic(configs, 1, { 'cleanup.policy': 'delete' })
    await cluster.kafka.createTopic(offsets, 3, { 'cleanup.policy': 'compact,delete' })
    await cluster.kafka.createTopic(statuses, 1)
    const compact = async (topic: string): Promise<void> =>
      await cluster.kafka.clients.admin().alterTopicConfig(topic, { 'cleanup.policy': 'compact' })
    const refusal = async (): Promise<string> => {
      const worker = await cluster.addWorker()
      const error = await worker.closed.then(
        () => new Error('the worker ended well'),
        (failure: unknown) => failure as Error,
      )
      cluster.forget(worker)
      return error.message
    }
    const required =
      / property is required to have 'cleanup\.policy=compact' to guarantee consistency and durability of /
    assert.match(await refusal(), required)
    await compact(configs)
    assert.match(await refusal(), required)
    await compact(offsets)
    assert.match(
      await refusal(),
      new RegExp(
        `Topic '${statuses}' supplied via the 'status\\.storage\\.topic' property is required to have 'cleanup\\.policy=compact' .*'cleanup\\.policy=delete'`,
      ),
    )
    await compact(statuses)
    await cluster.addWorker()
    await healthy(cluster)
  })

  test("I5 testStartWhenInternalTopicsCreatedManuallyWithCompactForBrokersDefaultCleanupPolicy: the broker's default counts", async () => {
    await using cluster = await clusterOf({ 'log.cleanup.policy': 'compact' })
    for (const [index, topic] of TOPICS.entries())
      await cluster.kafka.createTopic(cluster.name(topic), index === 0 ? 1 : 3)
    await cluster.addWorker()
    await healthy(cluster)
  })
})
