import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { configDef, definePlugin } from '../../runtime/api/index.ts'
import type { Props, SourceConnector, SourceTask, SourceTaskContext } from '../../runtime/api/index.ts'
import testConnectors from '../connectors/index.ts'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const SOURCE = 'MonitorableSourceConnector'
const SINK = 'MonitorableSinkConnector'

/** Tells the password that its context knows, whenever that has changed. */
class AskingTask implements SourceTask {
  static readonly className = 'AskingTask'
  #context: SourceTaskContext | undefined
  #topic = ''
  #told = ''

  async start(props: Props, context: SourceTaskContext): Promise<void> {
    this.#context = context
    this.#topic = props['topic'] ?? ''
  }

  async poll(signal: AbortSignal) {
    for (;;) {
      const { password = '' } = (await this.#context?.configs()) ?? {}
      if (password !== this.#told) {
        this.#told = password
        const value = { keySchema: undefined, key: null, valueSchema: undefined, value: password }
        return [
          {
            ...value,
            topic: this.#topic,
            partition: undefined,
            timestamp: undefined,
            headers: [],
            sourcePartition: {},
            sourceOffset: {},
          },
        ]
      }
      if (signal.aborted) return []
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async stop(): Promise<void> {}
}

class AskingSource implements SourceConnector {
  static readonly version = '1'
  static readonly type = 'source' as const
  static readonly task = AskingTask
  static configDef = () => configDef({})
  #props: Props = {}

  async start(props: Props): Promise<void> {
    this.#props = props
  }

  async taskConfigs(): Promise<readonly Props[]> {
    return [this.#props]
  }

  async stop(): Promise<void> {}
}

const asking = definePlugin({ name: 'asking', version: '1', connectors: { AskingSource } })

describe('ConnectWorkerIntegrationTest', () => {
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({
      workers: 3,
      plugins: [testConnectors, asking],
      workerProps: { 'plugin.path': '', 'config.providers': 'file', 'config.providers.file.class': FILE_PROVIDER },
    })
  })
  after(() => cluster[Symbol.asyncDispose]())

  async function source(more: Props = {}): Promise<{ name: string; topic: string; config: Props }> {
    const topic = await cluster.createTopic(`topic-${++count}`)
    const config = { 'connector.class': SOURCE, 'tasks.max': '4', throughput: '50', topic, ...more }
    return { name: cluster.name(`source-${count}`), topic, config }
  }
  let count = 0

  async function taskConfigs(name: string): Promise<readonly unknown[]> {
    return (await cluster.ask<readonly unknown[]>('GET', `/connectors/${name}/tasks`)).body
  }

  test('W1 testAddAndRemoveWorker: tasks run while a worker comes and goes', async () => {
    const { name, config } = await source()
    await cluster.configure(name, config)
    await cluster.running(name, 4)
    const fourth = await cluster.addWorker()
    await until('the fourth works', async () => (await fourth.ask('GET', '/health')).status === 200)
    await cluster.running(name, 4)
    await cluster.removeWorker(fourth)
    await assert.rejects(fourth.ask('GET', '/'))
    await cluster.running(name, 4)
    const up = await Promise.all(cluster.workers.map((worker) => worker.ask('GET', '/health')))
    assert.deepEqual(
      up.map(({ status }) => status),
      [200, 200, 200],
    )
    await cluster.delete(name)
  })

  test('W2 testRestartFailedTask: a task that failed for its producer runs when it is mended and restarted', async () => {
    const { name, config } = await source({ 'tasks.max': '1' })
    await cluster.configure(name, { ...config, 'producer.override.bootstrap.servers': 'nosuchhost.invalid' })
    await cluster.inState(name, 'RUNNING', 1, 'FAILED')
    await cluster.configure(name, config)
    await cluster.ask('POST', `/connectors/${name}/tasks/0/restart`)
    await cluster.running(name, 1)
    await cluster.delete(name)
  })

  test('W4 testTaskStatuses: the status lists as many tasks as were asked for last', async () => {
    const { name, config } = await source()
    for (const tasks of [1, 5, 3]) {
      await cluster.configure(name, { ...config, 'tasks.max': String(tasks) })
      await cluster.running(name, tasks)
    }
    await cluster.delete(name)
  })

  test('W6 testPauseStopResume: any order, any repetition', async () => {
    const { name, config } = await source()
    const repeated = async (to: 'pause' | 'resume' | 'stop'): Promise<void> => {
      await cluster.transition(name, to)
      await cluster.transition(name, to)
    }
    await cluster.configure(name, config)
    await cluster.running(name, 4)
    await repeated('stop')
    await cluster.inState(name, 'STOPPED', 0)
    assert.deepEqual(await taskConfigs(name), [])
    await repeated('resume')
    await cluster.running(name, 4)
    await repeated('pause')
    await cluster.inState(name, 'PAUSED', 4)
    await cluster.transition(name, 'stop')
    await cluster.inState(name, 'STOPPED', 0)
    assert.deepEqual(await taskConfigs(name), [])
    await cluster.transition(name, 'pause')
    await cluster.inState(name, 'PAUSED', 0)
    await cluster.transition(name, 'resume')
    await cluster.running(name, 4)
    await cluster.delete(name)
    await cluster.gone(name)
  })

  test('W7 testStoppedState: a connector that fails to start or to stop can be stopped, mended and resumed', async () => {
    const { name, config } = await source()
    await cluster.configure(name, { ...config, 'connector.start.inject.error': 'true' })
    await cluster.inState(name, 'FAILED', 0)
    await cluster.transition(name, 'stop')
    await cluster.inState(name, 'STOPPED', 0)
    await cluster.configure(name, config)
    await cluster.transition(name, 'resume')
    await cluster.running(name, 4)
    await cluster.configure(name, { ...config, 'connector.stop.inject.error': 'true' })
    await cluster.running(name, 4)
    await cluster.transition(name, 'stop')
    await cluster.inState(name, 'STOPPED', 0)
    await cluster.transition(name, 'resume')
    await cluster.running(name, 4)
    await cluster.delete(name)
    await cluster.gone(name)
  })

  test('W9 testCreateConnectorWithPausedInitialState: it is born without tasks and runs when it is resumed', async () => {
    const { name, config } = await source()
    await cluster.create(name, config, 'PAUSED')
    await cluster.inState(name, 'PAUSED', 0)
    assert.deepEqual(await taskConfigs(name), [])
    await cluster.transition(name, 'resume')
    await cluster.running(name, 4)
    await cluster.delete(name)
  })

  test('W10 testCreateSourceConnectorWithStoppedInitialStateAndModifyOffsets: it begins after the offset that was set', async () => {
    const { name, topic, config } = await source({ 'tasks.max': '1', 'max.messages': '10', throughput: '-1' })
    await cluster.create(name, config, 'STOPPED')
    await cluster.inState(name, 'STOPPED', 0)
    const patched = await cluster.ask('PATCH', `/connectors/${name}/offsets`, {
      offsets: [{ partition: { 'task.id': `${name}-0` }, offset: { saved: 5 } }],
    })
    assert.equal(patched.status, 200, JSON.stringify(patched.body))
    await cluster.transition(name, 'resume')
    await cluster.running(name, 1)
    await cluster.connector(name).awaitCommits(5)
    const records = await cluster.kafka.contents(topic)
    assert.deepEqual(
      records.map(({ value }) => value),
      [6, 7, 8, 9, 10].map((n) => `value-${name}-0-${n}`),
    )
    await cluster.delete(name)
  })

  test('W11 testCreateSinkConnectorWithStoppedInitialStateAndModifyOffsets: it begins at the offset that was set', async () => {
    const topic = await cluster.createTopic('sunk')
    await cluster.kafka.produce(
      topic,
      Array.from({ length: 10 }, (_, i) => `message ${i}`),
    )
    const name = cluster.name('stopped-sink')
    await cluster.create(name, { 'connector.class': SINK, 'tasks.max': '1', topics: topic }, 'STOPPED')
    await cluster.inState(name, 'STOPPED', 0)
    const patched = await cluster.ask('PATCH', `/connectors/${name}/offsets`, {
      offsets: [{ partition: { kafka_topic: topic, kafka_partition: 0 }, offset: { kafka_offset: 5 } }],
    })
    assert.equal(patched.status, 200, JSON.stringify(patched.body))
    await cluster.transition(name, 'resume')
    await cluster.running(name, 1)
    await cluster.connector(name).awaitRecords(5)
    assert.deepEqual(
      cluster.connector(name).received.map(({ value }) => value),
      [5, 6, 7, 8, 9].map((i) => `message ${i}`),
    )
    await cluster.running(name, 1)
    await cluster.delete(name)
  })

  test('W12 testDeleteConnectorCreatedWithPausedOrStoppedInitialState: it goes without having run', async () => {
    for (const state of ['PAUSED', 'STOPPED'] as const) {
      const { name, config } = await source()
      await cluster.create(name, config, state)
      await cluster.inState(name, state, 0)
      await cluster.delete(name)
      await cluster.gone(name)
    }
  })

  test('W13 testPatchConnectorConfig: keys are added, changed and taken away', async () => {
    const { name, config } = await source({ 'tasks.max': '2', 'unaffected-key': 'x', 'removed-key': 'y' })
    await cluster.configure(name, config)
    await cluster.running(name, 2)
    const patch = { 'tasks.max': '3', 'new-key': 'z', 'removed-key': null }
    const { status, body } = await cluster.ask<{ config: Props }>('PATCH', `/connectors/${name}/config`, patch)
    assert.equal(status, 200)
    const { 'removed-key': _, ...rest } = config as Props & { 'removed-key': string }
    const expected = { ...rest, 'tasks.max': '3', 'new-key': 'z', name }
    assert.deepEqual(body.config, expected)
    assert.deepEqual((await cluster.ask('GET', `/connectors/${name}/config`)).body, expected)
    await cluster.running(name, 3)
    await cluster.delete(name)
  })

  test('W18 testReconfigureConnectorWithFailingTaskConfigs: a secret that is gone is not missed once it is not asked for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'naru-secrets-'))
    const file = join(folder, 'secrets.properties')
    await writeFile(file, 'throughput=50\n')
    const [first, second] = [await cluster.createTopic('first'), await cluster.createTopic('second')]
    const name = cluster.name('secretive')
    const config = { 'connector.class': SOURCE, 'tasks.max': '3', topic: first }
    await cluster.configure(name, { ...config, throughput: `\${file:${file}:throughput}` })
    await cluster.running(name, 3)
    await cluster.connector(name).awaitRecords(3)
    await rm(folder, { recursive: true })
    const before = cluster.connector(name).counts
    await cluster.configure(name, { ...config, throughput: '50', topic: second })
    await cluster.connector(name).awaitStarts(1, before)
    assert.equal((await cluster.kafka.consume(second, 3)).length >= 3, true)
    await cluster.running(name, 3)
    await cluster.delete(name)
  })

  test('a running task can ask for its configuration, with secrets as they are now', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'naru-secrets-'))
    const file = join(folder, 'secrets.properties')
    await writeFile(file, 'password=old\n')
    const topic = await cluster.createTopic('passwords')
    const name = cluster.name('asking')
    await cluster.configure(name, { 'connector.class': 'AskingSource', topic, password: `\${file:${file}:password}` })
    assert.deepEqual(
      (await cluster.kafka.consume(topic, 1)).map(({ value }) => value),
      ['old'],
    )
    await writeFile(file, 'password=new\n')
    assert.deepEqual(
      (await cluster.kafka.consume(topic, 2)).map(({ value }) => value),
      ['old', 'new'],
    )
    await cluster.delete(name)
    await rm(folder, { recursive: true })
  })

  test('W19 testRuntimePropertyReconfiguration: tasks restart for a new converter though their own configs are the same', async () => {
    const topic = await cluster.createTopic('not-json')
    const name = cluster.name('empty-task-configs')
    const config = { 'connector.class': 'EmptyTaskConfigsSinkConnector', 'tasks.max': '1', topics: topic }
    await cluster.kafka.produce(topic, ['definitely { not json'])
    await cluster.configure(name, { ...config, 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' })
    await cluster.inState(name, 'RUNNING', 1, 'FAILED')
    const offsets = async () =>
      (await cluster.ask<{ offsets: unknown }>('GET', `/connectors/${name}/offsets`)).body.offsets
    assert.deepEqual(await offsets(), [])
    await cluster.configure(name, { ...config, 'value.converter': 'org.apache.kafka.connect.storage.StringConverter' })
    await cluster.running(name, 1)
    await until('the record is committed', async () => {
      const seen = await offsets()
      const wanted = [{ partition: { kafka_topic: topic, kafka_partition: 0 }, offset: { kafka_offset: 1 } }]
      return JSON.stringify(seen) === JSON.stringify(wanted) || seen
    })
    await cluster.delete(name)
  })

  test('W20 testPluginAliases: simple names do for every kind of plugin', async () => {
    const topic = await cluster.createTopic('aliases')
    const common = {
      'tasks.max': '1',
      'key.converter': 'StringConverter',
      'value.converter': 'StringConverter',
      'header.converter': 'SimpleHeaderConverter',
      transforms: 'filter',
      'transforms.filter.type': 'Filter',
      'transforms.filter.predicate': 'tombstone',
      predicates: 'tombstone',
      'predicates.tombstone.type': 'RecordIsTombstone',
    }
    const [from, to] = [cluster.name('alias-source'), cluster.name('alias-sink')]
    await cluster.configure(from, { ...common, 'connector.class': SOURCE, topic, throughput: '50' })
    await cluster.configure(to, { ...common, 'connector.class': SINK, topics: topic })
    await cluster.running(from, 1)
    await cluster.running(to, 1)
    await cluster.connector(to).awaitRecords(5)
    await Promise.all([cluster.delete(from), cluster.delete(to)])
  })
})

const FILE_PROVIDER = 'org.apache.kafka.common.config.provider.FileConfigProvider'
