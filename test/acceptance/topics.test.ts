import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import testConnectors from '../connectors/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const COMMON = { plugins: [testConnectors] }
const source = (topic: string) => ({
  'connector.class': 'MonitorableSourceConnector',
  'tasks.max': '1',
  topic,
  throughput: '50',
})
const sink = (topics: string) => ({ 'connector.class': 'MonitorableSinkConnector', 'tasks.max': '1', topics })

type Answer = Readonly<Record<string, { readonly topics: readonly string[] }>> & { readonly message?: string }

async function topicsOf(cluster: ConnectCluster, name: string): Promise<readonly string[]> {
  const { status, body } = await cluster.ask<Answer>('GET', `/connectors/${name}/topics`)
  assert.equal(status, 200)
  return [...body[name]!.topics].sort()
}

async function shows(cluster: ConnectCluster, name: string, topics: readonly string[]): Promise<void> {
  await until(`${name} uses ${topics.join()}`, async () => {
    const seen = await topicsOf(cluster, name)
    return seen.join() === [...topics].sort().join() || seen
  })
}

describe('ConnectorTopicsIntegrationTest', () => {
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({ ...COMMON, workerProps: { 'plugin.path': '' } })
  })
  after(() => cluster[Symbol.asyncDispose]())

  test('T1 testGetActiveTopics: each connector shows the topics it uses, until they are reset or it is deleted', async () => {
    const [foo, bar, both] = ['foo', 'bar', 'both'].map((each) => cluster.name(each)) as [string, string, string]
    const fooTopic = await cluster.createTopic('foo-topic')
    const barTopic = await cluster.createTopic('bar-topic')
    assert.deepEqual(await topicsOf(cluster, foo), [])
    await cluster.configure(foo, source(fooTopic))
    await cluster.configure(bar, source(barTopic))
    await cluster.configure(both, sink(`${fooTopic},${barTopic}`))
    await shows(cluster, foo, [fooTopic])
    await shows(cluster, bar, [barTopic])
    await shows(cluster, both, [fooTopic, barTopic])

    await cluster.delete(foo)
    await shows(cluster, foo, [])
    // Whatever the sink had still to read of the topic that is quiet now, it has read when it has caught up.
    await until('the sink has caught up', async () => {
      const { body } = await cluster.ask<{
        offsets: { partition: { kafka_topic: string }; offset: { kafka_offset: number } }[]
      }>('GET', `/connectors/${both}/offsets`)
      const at = body.offsets.find(({ partition }) => partition.kafka_topic === fooTopic)?.offset.kafka_offset
      return at === (await cluster.kafka.endOffset(fooTopic)) || at
    })
    const { status } = await cluster.ask('PUT', `/connectors/${both}/topics/reset`)
    assert.equal(status, 202)
    await shows(cluster, both, [barTopic])
  })

  test('T2 testTopicTrackingResetIsDisabled: a reset is refused and changes nothing; deletion still clears the list', async () => {
    const worker = await cluster.addWorker({
      props: { 'topic.tracking.allow.reset': 'false', 'group.id': cluster.name('no-reset') },
    })
    const topic = await cluster.createTopic('no-reset')
    const name = cluster.name('kept')
    await cluster.configure(name, source(topic))
    await shows(cluster, name, [topic])
    const { status, body } = await worker.ask('PUT', `/connectors/${name}/topics/reset`)
    assert.deepEqual([status, body], [403, { error_code: 403, message: 'Topic tracking reset is disabled.' }])
    assert.deepEqual(await topicsOf(cluster, name), [topic])
    await cluster.removeWorker(worker)
    await cluster.delete(name)
    await shows(cluster, name, [])
  })

  test('T3 testTopicTrackingIsDisabled: both requests are refused, and the status topic knows no topics', async () => {
    await using quiet = await startConnectCluster({
      ...COMMON,
      workerProps: { 'topic.tracking.enable': 'false', 'plugin.path': '' },
    })
    const topic = await quiet.createTopic('untracked')
    const name = quiet.name('untracked')
    await quiet.configure(name, source(topic))
    await quiet.running(name, 1)
    await quiet.kafka.consume(topic, 5)
    for (const [method, path] of [
      ['GET', 'topics'],
      ['PUT', 'topics/reset'],
    ] as const) {
      const { status, body } = await quiet.ask(method, `/connectors/${name}/${path}`)
      assert.deepEqual([status, body], [403, { error_code: 403, message: 'Topic tracking is disabled.' }])
    }
    const keys = (await quiet.kafka.contents(quiet.name('connect-status'))).map(({ key }) => key ?? '')
    assert.ok(keys.length > 0)
    assert.deepEqual(
      keys.filter((key) => key.startsWith('status-topic-')),
      [],
    )
  })
})
