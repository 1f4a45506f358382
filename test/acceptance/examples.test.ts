import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startConnectCluster } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

describe('ExampleConnectIntegrationTest', () => {
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({ workers: 3, workerProps: { 'offset.flush.interval.ms': '1000' } })
  })
  after(() => cluster[Symbol.asyncDispose]())

  async function errorsWithoutName(config: Readonly<Record<string, string>>): Promise<number> {
    const path = `/connector-plugins/${config['connector.class']}/config/validate`
    const { body } = await cluster.ask<{ error_count: number }>('PUT', path, config)
    return body.error_count
  }

  test('G1 testSinkConnector: 2000 records reach three tasks that share three partitions, and are committed', async () => {
    const topic = await cluster.createTopic('sunk', 3)
    const name = cluster.name('sink')
    const config = { 'connector.class': 'MonitorableSinkConnector', 'tasks.max': '3', topics: topic }
    assert.equal(await errorsWithoutName(config), 1)
    const sink = cluster.connector(name)
    await cluster.configure(name, config)
    await cluster.running(name, 3)
    await sink.until(
      'each task has one partition',
      ({ tasks }) => tasks.length === 3 && tasks.every((task) => task.assignment.length === 1),
    )
    assert.deepEqual(sink.tasks.flatMap(({ assignment }) => assignment).sort(), [
      `${topic}-0`,
      `${topic}-1`,
      `${topic}-2`,
    ])

    const values = Array.from({ length: 2000 }, (_, index) => `simple-message-value-${index}`)
    await cluster.kafka.produce(
      topic,
      values.map((value, index) => ({ key: 'key', value, partition: index % 3 })),
    )
    await sink.awaitRecords(2000)
    await sink.awaitCommits(2000)
    assert.deepEqual(sink.received.map(({ value }) => value).sort(), values.sort())
    await cluster.delete(name)
    await sink.awaitStops(1)
  })

  test('G2 testSourceConnector: 2000 records of three tasks are in the topic, and committed', async () => {
    const topic = await cluster.createTopic('sourced', 3)
    const name = cluster.name('source')
    const config = { 'connector.class': 'MonitorableSourceConnector', 'tasks.max': '3', topic, throughput: '500' }
    assert.equal(await errorsWithoutName(config), 1)
    const source = cluster.connector(name)
    await cluster.configure(name, config)
    await cluster.running(name, 3)
    await source.awaitRecords(2000)
    await source.awaitCommits(2000)
    const records = await cluster.kafka.consume(topic, 2000)
    for (const { key, value, headers } of records.slice(0, 100)) {
      const [, of, number] = /^key-(.*)-(\d+)$/.exec(key ?? '')!
      assert.equal(value, `value-${of}-${number}`)
      assert.deepEqual(Object.keys(headers), [`header-${number}`])
    }
    await cluster.delete(name)
    await source.awaitStops(1)
  })
})
