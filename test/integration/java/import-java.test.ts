import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { Props } from '../../../runtime/api/index.ts'
import { startConnectCluster, until } from '../../acceptance/support/connect-cluster.ts'
import type { Status } from '../../acceptance/support/connect-cluster.ts'
import { NaruProcess } from '../../support/naru-process.ts'
import { askConnect } from './support/ask-connect.ts'
import { JavaWorker } from './support/java-distributed.ts'

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join('')

test('naru connect import takes sources and sinks over from a running Kafka Connect cluster, of the same Kafka or of another', async () => {
  await using there = await startConnectCluster({ workers: 0 })
  await using here = await startConnectCluster()
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'naru-import-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const { 'plugin.path': _, listeners: __, ...props } = there.props()
  await using java = await JavaWorker.start({ folder, props })
  const [source, sink, paused, stopped] = ['source', 'sink', 'paused', 'stopped'].map((name) => there.name(name)) as [
    string,
    string,
    string,
    string,
  ]
  const topic = await there.createTopic('lines')
  const [from, to] = [join(folder, 'from'), join(folder, 'to')]
  await writeFile(from, lines(0, 10))

  const askJava = async (method: string, path: string, config?: unknown): Promise<unknown> => {
    const { status, body } = await askConnect(java.url, method, path, config)
    assert.ok(status < 300, JSON.stringify(body))
    return body
  }
  const stateThere = async (name: string): Promise<string> =>
    ((await askJava('GET', `/connectors/${name}/status`)) as Status).connector.state
  const offsetsOf = async (ask: (path: string) => Promise<unknown>, name: string): Promise<unknown> =>
    ((await ask(`/connectors/${name}/offsets`)) as { readonly offsets: readonly { readonly offset: unknown }[] })
      .offsets[0]?.offset
  const ofJava = (path: string): Promise<unknown> => askJava('GET', path)
  const written = (): Promise<string> => readFile(to, 'utf8').catch(() => '')
  const imports = async (url: string, ...more: readonly string[]): Promise<string> => {
    await using command = new NaruProcess(['connect', 'import', '--from', java.url, '--to', url, ...more])
    assert.equal(await command.end(), 0, command.output)
    return command.output.replace(/ {2,}/g, ' | ')
  }

  const file = (of: Props): Props => ({ 'connector.class': 'FileStreamSource', 'tasks.max': '1', topic, ...of })
  for (const [name, config, state] of [
    [source, file({ file: from }), 'RUNNING'],
    [sink, { 'connector.class': 'FileStreamSink', 'tasks.max': '1', file: to, topics: topic }, 'RUNNING'],
    [paused, file({ file: join(folder, 'none') }), 'PAUSED'],
    [stopped, file({ file: join(folder, 'none') }), 'STOPPED'],
  ] as const)
    await askJava('POST', '/connectors', { name, config, initial_state: state })
  for (const [name, offset] of [
    [source, { position: lines(0, 10).length }],
    [sink, { kafka_offset: 10 }],
  ] as const)
    await until(`${name} has committed there`, async () => {
      const found = await offsetsOf(ofJava, name)
      return isDeepStrictEqual(found, offset) || found
    })

  const plan = await imports(here.worker.url, '--move', '--dry-run')
  for (const row of [
    `${source} | RUNNING | would be made RUNNING | 1 offset`,
    `${sink} | RUNNING | would be made RUNNING | 1 offset`,
    `${paused} | PAUSED | would be made PAUSED | 0 offsets`,
    `${stopped} | STOPPED | would be made STOPPED | 0 offsets`,
  ])
    assert.ok(plan.split('\n').includes(row), plan)
  assert.deepEqual((await here.ask('GET', '/connectors')).body, [])
  assert.equal(await stateThere(source), 'RUNNING')

  const moved = await imports(here.worker.url, '--move')
  for (const row of [
    `${source} | RUNNING | made RUNNING | 1 offset set`,
    `${sink} | RUNNING | made RUNNING | equal`, // of one Kafka, and one consumer group
    `${paused} | PAUSED | made PAUSED | none`,
    `${stopped} | STOPPED | made STOPPED | none`,
  ])
    assert.ok(moved.split('\n').includes(row), moved)
  assert.deepEqual(await Promise.all([source, sink, paused, stopped].map(stateThere)), [
    'STOPPED',
    'STOPPED',
    'PAUSED',
    'STOPPED',
  ])
  await here.running(source, 1)
  await here.running(sink, 1)
  await here.inState(paused, 'PAUSED', 0)
  await here.inState(stopped, 'STOPPED', 0)
  await appendFile(from, lines(10, 15))
  await until('all lines came out, each once', async () => {
    const text = await written()
    return text === lines(0, 15) || text
  })
  assert.deepEqual((await here.kafka.contents(topic)).map(({ value }) => `${value}\n`).join(''), lines(0, 15))

  // To another Kafka: what the sink has done is told by its offsets alone.
  await using other = await startConnectCluster({ ownKafka: true })
  await other.kafka.createTopic(topic)
  await other.kafka.produce(
    topic,
    Array.from({ length: 17 }, (_, i) => ({ value: String(i) })),
  )
  const taken = await imports(other.worker.url, '--only', sink)
  assert.ok(taken.includes(`${sink} | STOPPED | made STOPPED | 1 offset set`), taken)
  assert.deepEqual(await offsetsOf(async (path) => (await other.ask('GET', path)).body, sink), { kafka_offset: 15 })
  await other.ask('PUT', `/connectors/${sink}/resume`)
  await until('the sixteenth and seventeenth came out, and no other', async () => {
    const text = await written()
    return text === lines(0, 17) || text
  })
})
