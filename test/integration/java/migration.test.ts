import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { startConnectCluster, until } from '../../acceptance/support/connect-cluster.ts'
import type { Status } from '../../acceptance/support/connect-cluster.ts'
import { NaruProcess } from '../../support/naru-process.ts'
import { JavaWorker } from './support/java-distributed.ts'

/** What stands in the worker files of a Kafka Connect installation beside what Naru has use for. */
const OF_JAVA = {
  'security.providers': '',
  'metric.reporters': 'org.apache.kafka.common.metrics.JmxReporter',
  'metrics.recording.level': 'INFO',
  'auto.include.jmx.reporter': 'true',
  'plugin.discovery': 'hybrid_warn',
  'internal.key.converter.schemas.enable': 'false',
  'consumer.max.poll.records': '200',
  'producer.compression.type': 'lz4',
  'producer.metadata.max.idle.ms': '300000',
  'task.shutdown.graceful.timeout.ms': '3000',
}

describe('a worker file of Kafka Connect', () => {
  test('starts a worker of Naru that goes on where the killed Java worker stood, and the other way round', async () => {
    await using cluster = await startConnectCluster({ workers: 0 })
    await using stack = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'naru-migration-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const jars = join(folder, 'share', 'java')
    await mkdir(join(jars, 'some-connector'), { recursive: true })
    await writeFile(join(jars, 'some-connector', 'some-connector-1.0.jar'), 'PK')
    const [source, sink, topic] = ['in', 'out', 'lines'].map((each) => cluster.name(each)) as [string, string, string]
    await cluster.kafka.createTopic(topic)
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    await writeFile(from, '')
    let written = 0
    const write = async (count: number): Promise<void> => {
      const lines = Array.from({ length: count }, () => `line ${written++}\n`)
      await appendFile(from, lines.join(''))
    }
    const arrived = async (): Promise<void> =>
      await until(`${written} lines are in the file`, async () => {
        const lines = (await readFile(to, 'utf8').catch(() => '')).split('\n')
        const missing = Array.from({ length: written }, (_, i) => `line ${i}`).filter((line) => !lines.includes(line))
        return missing.length === 0 || { lines: lines.length, missing: missing.slice(0, 3) }
      })
    // the sessions of the killed worker and of its sink end before anybody else may go on
    const sessions = { 'session.timeout.ms': '6000', 'consumer.session.timeout.ms': '6000' }
    const { listeners: _, ...props } = cluster.props({ ...OF_JAVA, ...sessions, 'plugin.path': jars })
    const file = join(folder, 'java-worker.properties')

    await using java = await JavaWorker.start({ folder, props })
    for (const [name, config] of [
      [source, { 'connector.class': 'FileStreamSource', 'tasks.max': '1', file: from, topic }],
      [sink, { 'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector', file: to, topics: topic }],
    ] as const) {
      const response = await fetch(`${java.url}/connectors/${name}/config`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(config),
      })
      assert.equal(response.status, 201, await response.text())
    }
    /** Every line has come out, and both connectors have committed behind it. */
    const committed = async (): Promise<void> => {
      await arrived()
      const { size } = await stat(from)
      for (const [name, position] of [
        [source, { position: size }],
        [sink, { kafka_offset: written }],
      ] as const)
        await until(`${name} has committed`, async () => {
          const { offsets } = (await (await fetch(`${java.url}/connectors/${name}/offsets`)).json()) as {
            offsets: readonly { readonly offset: unknown }[]
          }
          return isDeepStrictEqual(offsets[0]?.offset, position) || offsets
        })
    }
    await write(50)
    await committed()
    const ofJava = (await (await fetch(`${java.url}/connectors?expand=info`)).json()) as object
    await java.kill()
    await write(50)

    // The same file, the same address: what asks the old worker asks this one.
    await using naru = new NaruProcess(['worker', file])
    await until('Naru answers in its place', async () => {
      if (!naru.running) throw new Error(naru.output)
      return await fetch(`${java.url}/connectors`).then(
        ({ ok }) => ok,
        () => false,
      )
    })
    assert.deepEqual(await (await fetch(`${java.url}/connectors?expand=info`)).json(), ofJava)
    await arrived()
    const { tasks } = (await (await fetch(`${java.url}/connectors/${source}/status`)).json()) as Status
    assert.deepEqual(
      tasks.map(({ state, worker_id: worker }) => [state, worker]),
      [['RUNNING', java.workerId]],
    )
    await committed()
    assert.doesNotMatch(naru.output, /ERROR/)
    await naru.signal('SIGTERM')

    await write(50)
    await java.start()
    await committed()
    assert.deepEqual(
      (await readFile(to, 'utf8')).trimEnd().split('\n'),
      Array.from({ length: written }, (_, i) => `line ${i}`),
    )
  })
})
