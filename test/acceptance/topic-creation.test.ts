import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const source = (topic: string, more: Readonly<Record<string, string>> = {}) => ({
  ...{ 'connector.class': 'MonitorableSourceConnector', 'tasks.max': '1', topic, throughput: '50' },
  ...more,
})

const partitionsOf = (cluster: ConnectCluster, topic: string): Promise<number> => cluster.kafka.partitionCount(topic)

describe('SourceConnectorsIntegrationTest', () => {
  test('C1 testTopicsAreCreatedWhenAutoCreateTopicsIsEnabledAtTheBroker: by the defaults of the broker, while workers make none', async () => {
    await using cluster = await startConnectCluster({
      brokerProps: { 'auto.create.topics.enable': true, 'num.partitions': 2 },
      workerProps: { 'topic.creation.enable': 'false' },
    })
    const config = source('made-by-broker', {
      'topic.creation.default.partitions': '9',
      'topic.creation.default.replication.factor': '1',
    })
    await cluster.configure('c1', config)
    await cluster.running('c1', 1)
    await cluster.connector('c1').awaitCommits(5)
    assert.equal(await partitionsOf(cluster, 'made-by-broker'), 2)
  })

  test('C2 testTopicsAreCreatedWhenTopicCreationIsEnabled: by the settings of the group that includes the topic', async () => {
    await using cluster = await startConnectCluster({ brokerProps: { 'auto.create.topics.enable': false } })
    const config = source('made-by-group', {
      ...{ 'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '-1' },
      ...{ 'topic.creation.groups': 'wide', 'topic.creation.wide.include': 'made-.*' },
      ...{ 'topic.creation.wide.partitions': '9', 'topic.creation.wide.retention.ms': '12345678' },
    })
    await cluster.configure('c2', config)
    await cluster.running('c2', 1)
    await cluster.connector('c2').awaitCommits(5)
    assert.equal(await partitionsOf(cluster, 'made-by-group'), 9)
    const settings = await cluster.kafka.clients.admin().describeTopicConfig('made-by-group')
    assert.equal(settings['retention.ms'], '12345678')
  })

  test('C3 testSwitchingToTopicCreationEnabled: workers that are rolled make what was missing, and leave alone what was there', async () => {
    await using cluster = await startConnectCluster({
      brokerProps: { 'auto.create.topics.enable': false },
      workerProps: { 'topic.creation.enable': 'false' },
    })
    await cluster.kafka.createTopic('old', 3)
    const creation = {
      'topic.creation.default.partitions': '5',
      'topic.creation.default.replication.factor': '1',
    }
    await cluster.configure('old', source('old', creation))
    await cluster.configure('new', source('new', creation))
    await cluster.running('old', 1)
    await cluster.running('new', 1)
    await cluster.connector('old').awaitCommits(5)
    assert.equal(await partitionsOf(cluster, 'new'), 0)

    const [rolled] = cluster.workers
    await cluster.addWorker({ props: { 'topic.creation.enable': 'true' } })
    await cluster.removeWorker(rolled)
    await until('the missing topic is there', async () => (await partitionsOf(cluster, 'new')) === 5)
    await cluster.running('new', 1)
    await cluster.connector('new').awaitCommits(5)
    assert.equal(await partitionsOf(cluster, 'old'), 3)
  })
})
