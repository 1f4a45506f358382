import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startConnectCluster } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const values = (count: number): readonly { readonly key: string; readonly value: string }[] =>
  Array.from({ length: count }, (_, index) => ({ key: `key-${index}`, value: `value-${index}` }))

const deadLetters = (topic: string): Readonly<Record<string, string>> => ({
  'errors.tolerance': 'all',
  'errors.deadletterqueue.topic.name': topic,
  'errors.deadletterqueue.topic.replication.factor': '1',
  'errors.deadletterqueue.context.headers.enable': 'true',
})

describe('ErrorHandlingIntegrationTest', { timeout: 600_000 }, () => {
  let cluster: ConnectCluster
  before(async () => void (cluster = await startConnectCluster()))
  after(() => cluster[Symbol.asyncDispose]())

  async function committed(name: string, topic: string, offset: number): Promise<void> {
    for (;;) {
      const found = await cluster.kafka.clients.admin().listGroupOffsets(`connect-${name}`)
      if (found.find((each) => each.topic === topic)?.offset === offset) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  test('E1 testSkipRetryAndDLQWithHeaders: a record that never passes is tried for a second and becomes a letter with its story', async () => {
    const topic = await cluster.createTopic('test-topic')
    const dead = cluster.name('dead')
    const name = cluster.name('faulty')
    const sink = cluster.connector(name)
    await cluster.configure(name, {
      'connector.class': 'MonitorableSinkConnector',
      topics: topic,
      'errors.retry.timeout': '1000',
      'errors.retry.delay.max.ms': '500',
      'errors.log.enable': 'true',
      'errors.log.include.messages': 'false',
      transforms: 'failing',
      'transforms.failing.type': 'org.apache.kafka.connect.integration.ErrorHandlingIntegrationTest$FaultyPassthrough',
      ...deadLetters(dead),
    })
    await cluster.running(name, 1)
    const produced = values(20)
    await cluster.kafka.produce(topic, produced)
    await sink.awaitRecords(19)
    assert.deepEqual(
      sink.received.map(({ value }) => value),
      produced.map(({ value }) => value).filter((value) => value !== 'value-7'),
    )
    const [letter] = await cluster.kafka.consume(dead, 1)
    assert.equal(letter?.key, 'key-7')
    assert.equal(letter.value, 'value-7')
    const { headers } = letter
    const context = (of: string): string | null | undefined => headers[`__connect.errors.${of}`]
    assert.deepEqual(
      Object.keys(headers),
      [
        ...['topic', 'partition', 'offset', 'connector.name', 'task.id', 'stage', 'class.name'],
        ...['exception.class.name', 'exception.message', 'exception.stacktrace'],
      ].map((each) => `__connect.errors.${each}`),
    )
    assert.deepEqual([context('topic'), context('partition'), context('offset')], [topic, '0', '7'])
    assert.deepEqual([context('connector.name'), context('task.id')], [name, '0'])
    assert.equal(context('stage'), 'TRANSFORMATION')
    assert.match(context('class.name') ?? '', /FaultyPassthrough$/)
    assert.equal(context('exception.class.name'), 'org.apache.kafka.connect.errors.RetriableException')
    assert.equal(context('exception.message'), "Error when value='value-7'")
    await committed(name, topic, 20)
    await cluster.delete(name)
  })

  test('E2 testErrantRecordReporter: a thousand records that the task reports are all dead letters, and it runs on', async () => {
    const topic = await cluster.createTopic('errant')
    const dead = cluster.name('dead-errant')
    const name = cluster.name('errant')
    await cluster.configure(name, {
      'connector.class': 'ErrantRecordSinkConnector',
      topics: topic,
      ...deadLetters(dead),
    })
    await cluster.running(name, 1)
    await cluster.kafka.produce(topic, values(1000))
    const letters = await cluster.kafka.consume(dead, 1000)
    assert.deepEqual(
      letters.map(({ value }) => value).sort(),
      values(1000)
        .map(({ value }) => value)
        .sort(),
    )
    assert.equal(letters[0]?.headers['__connect.errors.stage'], 'TASK_PUT')
    assert.equal(letters[0].headers['__connect.errors.class.name'], 'org.apache.kafka.connect.sink.SinkTask')
    await committed(name, topic, 1000)
    await cluster.running(name, 1)
    await cluster.delete(name)
  })

  test('W19 testRuntimePropertyReconfiguration: a task that failed on a record runs with the converter that can read it', async () => {
    const topic = await cluster.createTopic('not-json')
    const name = cluster.name('reconfigured')
    const sink = cluster.connector(name)
    const config = { 'connector.class': 'EmptyTaskConfigsSinkConnector', topics: topic }
    await cluster.configure(name, { ...config, 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' })
    await cluster.running(name, 1)
    await cluster.kafka.produce(topic, ['this is not json'])
    await cluster.inState(name, 'RUNNING', 1, 'FAILED')
    const { body } = await cluster.ask<{ offsets: unknown[] }>('GET', `/connectors/${name}/offsets`)
    assert.deepEqual(body.offsets, [])
    await cluster.configure(name, { ...config, 'value.converter': 'StringConverter' })
    await cluster.running(name, 1)
    await sink.awaitRecords(1)
    await committed(name, topic, 1)
    await cluster.delete(name)
  })

  test('a record of a source that cannot be converted becomes a dead letter, and the others keep their order', async () => {
    const topic = await cluster.createTopic('sourced')
    const dead = cluster.name('dead-sourced')
    const name = cluster.name('sourced')
    const source = cluster.connector(name)
    await cluster.configure(name, {
      'connector.class': 'MonitorableSourceConnector',
      topic,
      'max.messages': '12',
      'messages.per.poll': '5',
      transforms: 'failing',
      'transforms.failing.type': 'Cast$Value',
      'transforms.failing.spec': 'int64',
      predicates: 'never',
      'predicates.never.type': 'TopicNameMatches',
      'predicates.never.pattern': 'nothing',
      ...deadLetters(dead),
    })
    const letters = await cluster.kafka.consume(dead, 12)
    assert.deepEqual(
      letters.map(({ value }) => value),
      Array.from({ length: 12 }, (_, index) => `value-${name}-0-${index + 1}`),
    )
    const [{ headers, key } = letters[0]!] = letters
    assert.equal(key, `key-${name}-0-1`)
    const own = Object.keys(headers).filter((each) => !each.startsWith('__connect'))
    assert.deepEqual(own, ['header-1'])
    assert.equal(headers['__connect.errors.source.offset'], '{"saved":1}')
    assert.equal(headers['__connect.errors.source.partition'], `{"task.id":"${name}-0"}`)
    assert.equal(headers['__connect.errors.stage'], 'TRANSFORMATION')
    assert.equal(headers['__connect.errors.topic'], topic)
    // Skipped records move the offset all the same.
    await source.awaitCommits(12)
    await cluster.running(name, 1)
    await cluster.delete(name)
  })

  test('W16 testTasksMaxEnforcement: a connector that makes too many tasks fails, one that may make them does not', async () => {
    const topic = await cluster.createTopic('many')
    const name = cluster.name('many')
    const config = { 'connector.class': 'MonitorableSourceConnector', topic, throughput: '1', 'num.tasks': '2' }
    await cluster.configure(name, { ...config, 'tasks.max': '1' })
    await cluster.inState(name, 'FAILED', 0)
    assert.match(
      (await cluster.status(name)).connector.trace ?? '',
      new RegExp(
        `The connector ${name} has generated 2 tasks, which is greater than 1, the maximum number of tasks it is configured to create\\.`,
      ),
    )
    await cluster.configure(name, { ...config, 'tasks.max': '1', 'tasks.max.enforce': 'false' })
    await cluster.running(name, 2)
    await cluster.configure(name, { ...config, 'tasks.max': '1', 'num.tasks': '1' })
    await cluster.running(name, 1)
    // Two are made, one may be: the connector fails, what runs goes on.
    await cluster.configure(name, { ...config, 'tasks.max': '1' })
    await cluster.inState(name, 'FAILED', 1, 'RUNNING')
    await cluster.ask('POST', `/connectors/${name}/tasks/0/restart`)
    await cluster.inState(name, 'FAILED', 1, 'RUNNING')
    await cluster.delete(name)
  })
})
