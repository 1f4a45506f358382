import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Props } from '../../runtime/api/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster, ConsumedRecord } from './support/connect-cluster.ts'

const SOURCE = 'MonitorableSourceConnector'
const COMMITTED = { 'isolation.level': 'read_committed' }

/** By task: the sequence numbers in the order of each partition. */
export function sequences(records: readonly ConsumedRecord[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  for (const { value } of records) {
    const [, task = '', number] = /^value-(.*)-(\d+)$/.exec(value ?? '') ?? []
    found.set(task, [...(found.get(task) ?? []), Number(number)])
  }
  return found
}

/** From 1 on without a gap or a repetition, for each task. */
function assertContiguous(records: readonly ConsumedRecord[], tasks: number): void {
  const all = sequences(records)
  assert.equal(all.size, tasks)
  for (const [task, numbers] of all)
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, i) => i + 1),
      task,
    )
}

describe('ExactlyOnceSourceIntegrationTest', () => {
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({
      workers: 3,
      workerProps: {
        'exactly.once.source.support': 'enabled',
        'offset.flush.interval.ms': '600000',
        // tasks start without a thread of their own: quicker
        'task.isolation': 'inline',
      },
    })
  })
  after(() => cluster[Symbol.asyncDispose]())

  const config = (topic: string, more: Props = {}): Props => ({
    'connector.class': SOURCE,
    'tasks.max': '1',
    topic,
    throughput: '200',
    'messages.per.poll': '10',
    'exactly.once.support': 'required',
    'custom.exactly.once.support': 'supported',
    ...more,
  })

  test('X1 testPreflightValidation: what a connector cannot do is refused where it is asked for', async () => {
    const errors = async (props: Props): Promise<readonly string[]> => {
      const { body } = await cluster.ask<{ configs: { value: { name: string; errors: string[] } }[] }>(
        'PUT',
        `/connector-plugins/${SOURCE}/config/validate`,
        { name: 'preflight', ...config('preflight'), ...props },
      )
      return body.configs.flatMap(({ value }) => value.errors.map((error) => `${value.name}: ${error}`))
    }
    const support = (answer: string) => errors({ 'custom.exactly.once.support': answer })
    assert.deepEqual(await support('unsupported'), [
      'exactly.once.support: The connector does not support exactly-once semantics with the provided configuration.',
    ])
    assert.match(
      (await support('null')).join(),
      /^exactly\.once\.support: The connector does not implement the API required/,
    )
    assert.match(
      (await support('fail')).join(),
      /^exactly\.once\.support: An unexpected error occurred during validation: oops!$/,
    )
    assert.deepEqual(await support('supported'), [])
    const boundaries = (answer: string) =>
      errors({ 'transaction.boundary': 'connector', 'custom.transaction.boundaries': answer })
    for (const answer of ['unsupported', 'null', 'fail']) {
      const [first, ...more] = await boundaries(answer)
      assert.match(first ?? '', /^transaction\.boundary: /)
      assert.deepEqual(more, [])
    }
    assert.deepEqual(await boundaries('supported'), [])
  })

  test('X2 testPollBoundary: each batch is a transaction, whatever the flush interval', async () => {
    const topic = await cluster.createTopic('poll', 3)
    const name = cluster.name('poll')
    await cluster.configure(name, config(topic, { 'transaction.boundary': 'poll' }))
    const records = await cluster.kafka.consume(topic, 100, { props: COMMITTED })
    const source = cluster.connector(name)
    await source.awaitCommits(100)
    await cluster.transition(name, 'stop')
    await cluster.inState(name, 'STOPPED', 0)
    assert.ok(records.length >= 100)
    const { body } = await cluster.ask<{ offsets: { offset: { saved: number } }[] }>(
      'GET',
      `/connectors/${name}/offsets`,
    )
    const saved = body.offsets[0]!.offset.saved
    const all = await cluster.kafka.contents(topic, COMMITTED)
    assert.equal(all.length, saved)
    assert.deepEqual(
      [...sequences(all).values()].flat().sort((a, b) => a - b),
      Array.from({ length: saved }, (_, i) => i + 1),
    )
    await cluster.delete(name)
  })

  test('X3 testIntervalBoundary: transactions end by the clock', async () => {
    const topic = await cluster.createTopic('interval')
    const name = cluster.name('interval')
    await cluster.configure(
      name,
      config(topic, { 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '700' }),
    )
    const source = cluster.connector(name)
    await source.awaitRecords(150)
    await source.awaitCommits(150)
    await cluster.transition(name, 'stop')
    await cluster.inState(name, 'STOPPED', 0)
    assertContiguous(await cluster.kafka.contents(topic, COMMITTED), 1)
    await cluster.transition(name, 'resume')
    await source.awaitCommits(300)
    await cluster.delete(name)
    await cluster.gone(name)
    const all = await cluster.kafka.contents(topic, COMMITTED)
    assert.ok(all.length >= 300)
    assertContiguous(all, 1)
  })

  test('transactions whose interval is longer than their timeout end before Kafka aborts them', async () => {
    const topic = await cluster.createTopic('long-interval')
    const name = cluster.name('long-interval')
    await cluster.configure(
      name,
      config(topic, {
        'transaction.boundary': 'interval',
        'transaction.boundary.interval.ms': '60000',
        'producer.override.transaction.timeout.ms': '2000',
      }),
    )
    const source = cluster.connector(name)
    await source.awaitRecords(150)
    await source.awaitCommits(150)
    await cluster.running(name, 1)
    await cluster.delete(name)
    await cluster.gone(name)
    assertContiguous(await cluster.kafka.contents(topic, COMMITTED), 1)
  })

  test('X4 testConnectorBoundary: transactions end where the task says, and what it aborts is not seen', async () => {
    const topic = await cluster.createTopic('boundary')
    const name = cluster.name('boundary')
    await cluster.configure(
      name,
      config(topic, {
        'transaction.boundary': 'connector',
        'custom.transaction.boundaries': 'supported',
        'messages.per.poll': '7',
        'max.messages': '200',
      }),
    )
    // 1 1 2 3 5 8 13 21 34 55 89 144: those that end at an even number are aborted
    const kept = [
      ...range(1, 1),
      ...range(3, 3),
      ...range(4, 5),
      ...range(9, 13),
      ...range(14, 21),
      ...range(35, 55),
      ...range(56, 89),
    ]
    const records = await cluster.kafka.consume(topic, kept.length, { props: COMMITTED })
    const source = cluster.connector(name)
    await source.awaitRecords(200)
    assert.deepEqual([...sequences(records).values()], [kept])
    await cluster.transition(name, 'stop')
    await cluster.inState(name, 'STOPPED', 0)
    assert.equal((await cluster.kafka.contents(topic, COMMITTED)).length, kept.length)
    const { body } = await cluster.ask<{ offsets: { offset: { saved: number } }[] }>(
      'GET',
      `/connectors/${name}/offsets`,
    )
    // The offsets of an aborted transaction are committed with the next one: that of 144 never came.
    assert.equal(body.offsets[0]!.offset.saved, 89)
    await cluster.delete(name)
  })

  test('X6 testConnectorReconfiguration: tasks of every new set begin when those of the old one are fenced', async () => {
    const topic = await cluster.createTopic('reconfigured')
    const name = cluster.name('reconfigured')
    const source = cluster.connector(name)
    let known = 0
    for (const tasks of [3, 5, 1, 5, 3]) {
      await cluster.configure(name, config(topic, { 'tasks.max': String(tasks) }))
      await cluster.running(name, tasks)
      known += 40
      await source.awaitCommits(known)
    }
    await cluster.delete(name)
    await cluster.gone(name)
    assertContiguous(await cluster.kafka.contents(topic, COMMITTED), 5)
  })

  test('X9 testPotentialDeadlockWhenProducingToOffsetsTopic: a task that writes to its own offsets topic fails', async () => {
    const offsets = cluster.name('own-offsets')
    const name = cluster.name('deadlock')
    await cluster.configure(name, config(offsets, { 'offsets.storage.topic': offsets }))
    await cluster.inState(name, 'RUNNING', 1, 'FAILED')
    const { tasks } = await cluster.status(name)
    assert.match(
      tasks[0]!.trace ?? '',
      /Source tasks may not produce to their own offsets topics when exactly-once support is enabled/,
    )
    await cluster.delete(name)
  })

  test('a transaction.timeout.ms above what the brokers allow fails the task, which says what to lower or to raise', async () => {
    const topic = await cluster.createTopic('patient')
    const name = cluster.name('patient')
    await cluster.configure(name, config(topic, { 'producer.override.transaction.timeout.ms': '900001' }))
    await cluster.inState(name, 'RUNNING', 1, 'FAILED')
    const { tasks } = await cluster.status(name)
    assert.match(
      tasks[0]!.trace ?? '',
      /transaction\.timeout\.ms=900001 of .*: INVALID_TRANSACTION_TIMEOUT: .*producer\.override\.transaction\.timeout\.ms.* transaction\.max\.timeout\.ms/,
    )
    await cluster.configure(name, config(topic, { 'producer.override.transaction.timeout.ms': '900000' }))
    await cluster.kafka.consume(topic, 10)
    await cluster.delete(name)
  })

  test('X5 testFencedLeaderRecovery: a leader that was fenced fails one request, and goes on with the next', async () => {
    const topic = await cluster.createTopic('fenced')
    await using foreign = cluster.kafka.clients.transactionalProducer({
      'transactional.id': `connect-cluster-${cluster.props()['group.id']}`,
      'max.block.ms': '60000',
    })
    await foreign.initTransactions()
    const name = cluster.name('fenced')
    const first = await cluster.ask<{ message: string }>('POST', '/connectors', { name, config: config(topic) })
    assert.equal(first.status, 500)
    assert.match(
      first.body.message,
      /^Failed to write to config topic; this may be due to a transient error and the request can be safely retried/,
    )
    await until(
      'the request is taken',
      async () => (await cluster.ask('POST', '/connectors', { name, config: config(topic) })).status === 201,
    )
    await cluster.connector(name).awaitCommits(100)
    await cluster.delete(name)
    await cluster.gone(name)
    assertContiguous(await cluster.kafka.contents(topic, COMMITTED), 1)
  })
})

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
