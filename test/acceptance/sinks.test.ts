import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

describe('SinkConnectorsIntegrationTest', { timeout: 600_000 }, () => {
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({ workerProps: { 'consumer.metadata.max.age.ms': '500' } })
  })
  after(() => cluster[Symbol.asyncDispose]())

  const values = (topic: string): readonly string[] => Array.from({ length: 10 }, (_, index) => `${topic}-${index}`)

  /** A sink of three topics of which two exist, and the third later. */
  async function threeTopics(id: string, assignor: string) {
    const [first, second] = [await cluster.createTopic(`${id}-1`), await cluster.createTopic(`${id}-2`)]
    const third = cluster.name(`${id}-3`)
    const name = cluster.name(id)
    const task = cluster.connector(name).task(0)
    await cluster.configure(name, {
      'connector.class': 'MonitorableSinkConnector',
      topics: [first, second, third].join(','),
      'consumer.override.partition.assignment.strategy': assignor,
    })
    await task.until('two partitions are open', ({ assignment }) => assignment.length === 2)
    for (const topic of [first, second]) await cluster.kafka.produce(topic, values(topic))
    await task.awaitRecords(20)
    await task.awaitCommits(20)
    await cluster.createTopic(`${id}-3`)
    await task.until('three partitions are open', ({ assignment }) => assignment.length === 3)
    await cluster.kafka.produce(third, values(third))
    await task.awaitRecords(30)
    await task.awaitCommits(30)
    // The offsets were committed before partitions were given back: nothing came twice.
    assert.deepEqual(task.received.map(({ value }) => value).sort(), [first, second, third].flatMap(values).sort())
    const openings = task.calls.filter(({ call }) => call !== 'pre-commit')
    await cluster.delete(name)
    await task.awaitStops(1)
    const all = [first, second, third].map((topic) => `${topic}-0`)
    return { openings: openings.map(({ call, partitions }) => [call, [...partitions].sort()]), all, task }
  }

  test('K1 testEagerConsumerPartitionAssignment: each rebalance takes all partitions, and gives them back', async () => {
    const { openings, all, task } = await threeTopics('eager', 'org.apache.kafka.clients.consumer.RangeAssignor')
    const before = all.slice(0, 2)
    assert.deepEqual(openings, [
      ['open', before],
      ['close', before],
      ['open', all],
    ])
    const last = task.calls.slice(-2).map(({ call, partitions }) => [call, [...partitions].sort()])
    assert.deepEqual(last.at(-1), ['close', all])
    const closed = task.calls.findIndex(({ call }) => call === 'close')
    assert.deepEqual([...task.calls[closed - 1]!.partitions].sort(), before, 'asked what to commit before the close')
  })

  test('K2 testCooperativeConsumerPartitionAssignment: only what moved is opened and closed', async () => {
    const { openings, all, task } = await threeTopics(
      'cooperative',
      'org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
    )
    assert.deepEqual(openings, [
      ['open', all.slice(0, 2)],
      ['open', all.slice(2)],
    ])
    assert.deepEqual(
      task.calls
        .filter(({ call }) => call === 'close')
        .flatMap(({ partitions }) => partitions)
        .sort(),
      all,
    )
  })

  test('one group.instance.id serves all tasks of a connector, and a restarted task disturbs no other', async () => {
    const topic = await cluster.createTopic('static', 2)
    const name = cluster.name('static')
    const tasks = [0, 1].map((task) => cluster.connector(name).task(task))
    await cluster.configure(name, {
      'connector.class': 'MonitorableSinkConnector',
      topics: topic,
      'tasks.max': '2',
      'consumer.override.group.instance.id': 'sink',
      // a rebalance on the way to two members must not be taken for one afterwards
      'consumer.override.partition.assignment.strategy': 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
    })
    for (const task of tasks) await task.until('one partition is open', ({ assignment }) => assignment.length === 1)
    const [restarted, other] = [tasks[0]!, tasks[1]!]
    const before = restarted.assignment
    const calls = (): readonly string[] =>
      other.calls.flatMap(({ call }) => (call === 'open' || call === 'close' ? [call] : []))
    const otherCalls = calls()
    await cluster.ask('POST', `/connectors/${name}/tasks/0/restart`)
    await restarted.awaitStops(1)
    await restarted.until('its partition is open again', ({ assignment }) => assignment.length === 1)
    assert.deepEqual(restarted.assignment, before)
    await cluster.kafka.produce(topic, values(topic))
    await until('all records came', async () => restarted.received.length + other.received.length === 10)
    assert.deepEqual(calls(), otherCalls)
    assert.deepEqual(
      (await cluster.status(name)).tasks.map(({ state }) => state),
      ['RUNNING', 'RUNNING'],
    )
  })
})
