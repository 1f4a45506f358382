import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startConnectCluster } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const TRANSFORMS = 'org.apache.kafka.connect.transforms'

describe('TransformationIntegrationTest', { timeout: 600_000 }, () => {
  let cluster: ConnectCluster
  before(async () => void (cluster = await startConnectCluster()))
  after(() => cluster[Symbol.asyncDispose]())

  const values = (word: string, count: number): readonly { readonly key: string; readonly value: string }[] =>
    Array.from({ length: count }, (_, i) => ({ key: `key-${i}`, value: `${word}-${i}` }))

  test('M1 testFilterOnTopicNameWithSinkConnector: only the topic that the predicate knows is dropped', async () => {
    const [foo, bar] = [await cluster.createTopic('foo-topic'), await cluster.createTopic('bar-topic')]
    const name = cluster.name('m1')
    await cluster.configure(name, {
      'connector.class': 'MonitorableSinkConnector',
      topics: `${foo},${bar}`,
      transforms: 'filter',
      'transforms.filter.type': `${TRANSFORMS}.Filter`,
      'transforms.filter.predicate': 'barPredicate',
      predicates: 'barPredicate',
      'predicates.barPredicate.type': `${TRANSFORMS}.predicates.TopicNameMatches`,
      'predicates.barPredicate.pattern': 'bar-.*',
    })
    await cluster.running(name, 1)
    await cluster.kafka.produce(bar, values('bar', 30))
    await cluster.kafka.produce(foo, values('foo', 30))
    const sink = cluster.connector(name)
    await sink.awaitRecords(30)
    assert.ok(sink.received.every(({ value }) => value?.startsWith('foo-')))
    assert.equal(sink.received.length, 30)
  })

  test('M2 testFilterOnTombstonesWithSinkConnector: records without a value are dropped', async () => {
    const topic = await cluster.createTopic('tombstones')
    const name = cluster.name('m2')
    await cluster.configure(name, {
      'connector.class': 'MonitorableSinkConnector',
      topics: topic,
      transforms: 'filter',
      'transforms.filter.type': `${TRANSFORMS}.Filter`,
      'transforms.filter.predicate': 'tombstone',
      predicates: 'tombstone',
      'predicates.tombstone.type': `${TRANSFORMS}.predicates.RecordIsTombstone`,
    })
    await cluster.running(name, 1)
    const records = values('value', 40).map((each, i) => (i % 2 === 0 ? each : { key: each.key, value: null }))
    await cluster.kafka.produce(topic, records)
    const sink = cluster.connector(name)
    await sink.awaitRecords(20)
    assert.deepEqual(
      sink.received.map(({ value }) => value),
      records.map(({ value }) => value).filter((value) => value !== null),
    )
  })

  test('M3 testFilterOnHasHeaderKeyWithSourceConnectorAndTopicCreation: only what has the header is sent, to a topic made on the way', async () => {
    const topic = cluster.name('headers')
    const name = cluster.name('m3')
    await cluster.configure(name, {
      'connector.class': 'MonitorableSourceConnector',
      'tasks.max': '1',
      topic,
      throughput: '200',
      'messages.per.poll': '10',
      'topic.creation.default.replication.factor': '-1',
      'topic.creation.default.partitions': '1',
      transforms: 'filter',
      'transforms.filter.type': `${TRANSFORMS}.Filter`,
      'transforms.filter.predicate': 'headerPredicate',
      'transforms.filter.negate': 'true',
      predicates: 'headerPredicate',
      'predicates.headerPredicate.type': `${TRANSFORMS}.predicates.HasHeaderKey`,
      'predicates.headerPredicate.name': 'header-8',
    })
    await cluster.running(name, 1)
    await cluster.connector(name).awaitRecords(30)
    const [only, ...others] = await cluster.kafka.consume(topic, 1)
    assert.deepEqual(Object.keys(only!.headers), ['header-8'])
    assert.deepEqual(others, [])
  })
})
