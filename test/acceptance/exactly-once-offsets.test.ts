import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Props } from '../../runtime/api/index.ts'
import { startConnectCluster, TestKafka, until } from './support/connect-cluster.ts'
import type { ConnectCluster, ConsumedRecord } from './support/connect-cluster.ts'

const COMMITTED = { 'isolation.level': 'read_committed' }
const INIT_PRODUCER_ID = 22
const TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53

function config(topic: string, more: Props = {}): Props {
  return {
    'connector.class': 'MonitorableSourceConnector',
    'tasks.max': '1',
    topic,
    throughput: '200',
    'messages.per.poll': '10',
    'exactly.once.support': 'requested',
    'custom.exactly.once.support': 'supported',
    ...more,
  }
}

function cluster(): Promise<ConnectCluster> {
  return startConnectCluster({
    ownKafka: true,
    workers: 2,
    workerProps: {
      'exactly.once.source.support': 'enabled',
      'offset.flush.interval.ms': '600000',
      // tasks start without a thread of their own: quicker
      'task.isolation': 'inline',
    },
  })
}

/** The values of the only task, and how many of them are not the first of their kind. */
function numbers(records: readonly ConsumedRecord[]): { readonly first: readonly number[]; readonly repeated: number } {
  const first = new Set<number>()
  for (const { value } of records) first.add(Number(/-(\d+)$/.exec(value ?? '')?.[1]))
  return { first: [...first], repeated: records.length - first.size }
}

function contiguous(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

describe('ExactlyOnceSourceIntegrationTest', () => {
  test('X7 testTasksFailOnInabilityToFence: tasks of a new set fail when those of the old one cannot be fenced, and start when they can', async () => {
    await using connect = await cluster()
    const topic = await connect.createTopic('unfenced')
    const name = connect.name('unfenced')
    await connect.configure(name, config(topic, { 'tasks.max': '2' }))
    await connect.running(name, 2)
    const restore = connect.kafka.controls.inject(INIT_PRODUCER_ID, {
      kind: 'error',
      errorCode: TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    })
    await connect.configure(name, config(topic, { 'tasks.max': '3' }))
    await connect.inState(name, 'RUNNING', 3, 'FAILED')
    for (const { trace } of (await connect.status(name)).tasks) assert.match(trace ?? '', /zombie fencing/)
    restore()
    await connect.ask('POST', `/connectors/${name}/restart?includeTasks=true&onlyFailed=true`)
    await connect.running(name, 3)
    await connect.connector(name).awaitCommits(100, connect.connector(name).counts)
  })

  test('X8 testSeparateOffsetsTopic: offsets lie beside the records on another cluster, with a copy from which a worker without support goes on', async () => {
    await using connect = await cluster()
    await using other = await TestKafka.start({ embedded: true })
    const topic = connect.name('separate')
    const offsets = connect.name('separate-offsets')
    await other.createTopic(topic)
    const name = connect.name('separate')
    const elsewhere = Object.fromEntries(
      ['producer', 'consumer', 'admin'].map((client) => [`${client}.override.bootstrap.servers`, other.bootstrap]),
    )
    const props = config(topic, { ...elsewhere, 'offsets.storage.topic': offsets })
    await connect.configure(name, props)
    const source = connect.connector(name)
    await source.awaitCommits(100)
    assert.deepEqual(numbers(await other.consume(topic, 100, { props: COMMITTED })).repeated, 0)

    // At every poll boundary there, and soon after that here.
    const own = await other.contents(offsets, COMMITTED)
    const saved = (records: readonly ConsumedRecord[]): number =>
      Math.max(0, ...records.map(({ value }) => (JSON.parse(value ?? '{}') as { saved?: number }).saved ?? 0))
    assert.ok(own.length >= 5)
    assert.ok(own.every(({ value }) => (JSON.parse(value!) as { saved: number }).saved % 10 === 0))
    assert.equal(own[0]!.key, `["${name}",{"task.id":"${name}-0"}]`)
    const copies = connect.props()['offset.storage.topic']!
    await until('the copy follows', async () => saved(await connect.kafka.contents(copies, COMMITTED)) >= saved(own))

    await connect.transition(name, 'stop')
    await connect.inState(name, 'STOPPED', 0)
    const written = await other.contents(topic, COMMITTED)
    assert.deepEqual(numbers(written), { first: contiguous(written.length), repeated: 0 })
    const { body } = await connect.ask<{ offsets: { offset: { saved: number } }[] }>(
      'GET',
      `/connectors/${name}/offsets`,
    )
    assert.equal(body.offsets[0]?.offset.saved, written.length)

    // Back to a worker without support, and to the worker's own offset topic.
    for (const worker of [...connect.workers]) await connect.removeWorker(worker)
    await connect.addWorker({ props: { 'exactly.once.source.support': 'disabled', 'offset.flush.interval.ms': '200' } })
    const { 'offsets.storage.topic': _, ...plain } = props
    await until(
      'the group is there',
      async () => (await connect.ask('PUT', `/connectors/${name}/config`, plain)).status === 200,
    )
    await connect.transition(name, 'resume')
    await source.awaitRecords(100, source.counts)
    await connect.delete(name)
    await connect.gone(name)
    const all = numbers(await other.contents(topic, COMMITTED))
    assert.deepEqual(all.first, contiguous(all.first.length))
    assert.ok(all.first.length > written.length)
    assert.ok(all.first.length + all.repeated < 2 * written.length + 1000, 'it did not begin anew')
  })
})
