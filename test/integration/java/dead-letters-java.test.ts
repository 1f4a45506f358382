import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Props } from '../../../runtime/api/index.ts'
import type { ProducerRecord } from '../../../runtime/kafka/producer.ts'
import type { FetchedRecord } from '../../../runtime/kafka/records/fetched-record.ts'
import { LogLines } from '../../../runtime/testing/log-lines.ts'
import { startConnectCluster, until } from '../../acceptance/support/connect-cluster.ts'
import type { ConnectCluster } from '../../acceptance/support/connect-cluster.ts'
import { askConnect } from './support/ask-connect.ts'
import { JavaWorker } from './support/java-distributed.ts'

type Bytes = Partial<Pick<ProducerRecord, 'key' | 'value' | 'headers' | 'timestamp'>>

interface Case {
  readonly what: string
  readonly config: Props
  readonly failing: readonly Bytes[]
}

const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'
const bytes = (text: string): Buffer => Buffer.from(text)
const transformed = (type: string, config: Props): Props => ({
  transforms: 't',
  'transforms.t.type': `org.apache.kafka.connect.transforms.${type}`,
  ...Object.fromEntries(Object.entries(config).map(([key, value]) => [`transforms.t.${key}`, value])),
})

/** A record that passes in each case: it comes after those that fail, and so says when they have. */
const GOOD: Bytes = { key: bytes('12345678'), value: bytes('{"schema":null,"payload":{"a":1}}') }

const CASES: readonly Case[] = [
  {
    what: 'values that are not JSON, with the headers, keys and times they came with',
    config: { 'value.converter': JSON_CONVERTER },
    failing: [
      { value: bytes('{"schema":') },
      { key: bytes(''), value: bytes(' nothing '), timestamp: 0 },
      {
        key: bytes('key'),
        value: Buffer.from([0xff, 0xfe, 0x00]),
        timestamp: 1_700_000_000_123,
        headers: [
          { key: 'twice', value: bytes('1') },
          { key: 'null', value: null },
          { key: 'twice', value: bytes('ü') },
          { key: '__connect.errors.topic', value: bytes('of an earlier queue') },
        ],
      },
    ],
  },
  {
    what: 'values without the envelope',
    config: { 'value.converter': JSON_CONVERTER, 'value.converter.schemas.enable': 'true' },
    failing: [
      { value: bytes('{"a":1}') },
      { value: bytes('{"schema":{"type":"nonsense"},"payload":1}') },
      { value: bytes('{"schema":{"type":"struct","fields":[{"field":"a","type":"int32"}]},"payload":{}}') },
    ],
  },
  {
    what: 'keys of a wrong length',
    config: { 'key.converter': 'org.apache.kafka.connect.converters.LongConverter' },
    failing: [{ key: bytes('three'), value: null }],
  },
  {
    what: 'headers that are not JSON',
    config: { 'header.converter': JSON_CONVERTER },
    failing: [{ value: bytes('v'), headers: [{ key: 'h', value: bytes('{') }] }],
  },
  {
    what: 'values that a Cast cannot take',
    config: {
      'value.converter': JSON_CONVERTER,
      ...transformed('Cast$Value', { spec: 'a:int8' }),
    },
    failing: [
      { value: bytes('{"schema":null,"payload":{"a":"x"}}') },
      { value: bytes('{"schema":null,"payload":{"a":[]}}') },
      { value: bytes('{"schema":null,"payload":7}') },
    ],
  },
  {
    what: 'values without the fields that become the key',
    config: { 'value.converter': JSON_CONVERTER, ...transformed('ValueToKey', { fields: 'a' }) },
    failing: [
      { value: bytes('{"schema":null,"payload":"text"}') },
      { value: null },
      {
        value: bytes('{"schema":{"type":"struct","fields":[{"field":"b","type":"int32"}]},"payload":{"b":1}}'),
      },
    ],
  },
]

/**
 * The same records, under the same configurations, to a worker of Java and one of ours: the same letters must lie in the dead letter queues, and the
 * same lines stand in the logs. Of stack traces the first line is compared: frames and causes are the runtime's own.
 */
describe('dead letters and error lines are those of Kafka Connect', () => {
  const logged = new LogLines()
  const stack = new AsyncDisposableStack()
  let cluster: ConnectCluster
  let java: JavaWorker
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'naru-letters-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    cluster = stack.use(await startConnectCluster({ logger: logged }))
    const { 'plugin.path': _, listeners: __, ...props } = cluster.props()
    const topics = Object.fromEntries(
      ['config', 'offset', 'status'].map((of) => [`${of}.storage.topic`, cluster.name(`java-${of}`)]),
    )
    java = stack.use(
      await JavaWorker.start({ folder, props: { ...props, ...topics, 'group.id': cluster.name('java') } }),
    )
  })
  after(() => stack.disposeAsync())

  /** The letters of a queue, without what tells the runtimes apart. */
  async function letters(topic: string, count: number): Promise<readonly unknown[]> {
    await using fetcher = cluster.kafka.clients.fetcher()
    fetcher.assign([{ topic, partition: 0, offset: 'earliest' }])
    const found: FetchedRecord[] = []
    await until(`${count} letters in ${topic}`, async () => {
      found.push(...(await fetcher.poll({ timeoutMs: 500 })))
      return found.length >= count || found.length
    })
    return found.map(({ key, value, headers, timestamp }) => ({
      key: key?.toString('latin1') ?? null,
      value: value?.toString('latin1') ?? null,
      timestamp,
      headers: headers.map(({ key: name, value: header }) => {
        const text = header === null ? null : Buffer.from(header).toString()
        return [name, name.endsWith('.stacktrace') ? text?.split('\n')[0] : text]
      }),
    }))
  }

  async function configureBoth(name: string, ofJava: Props, ofNaru: Props): Promise<void> {
    const { status, body } = await askConnect(java.url, 'PUT', `/connectors/${name}/config`, ofJava)
    assert.ok(status < 300, JSON.stringify(body))
    await cluster.configure(name, ofNaru)
  }

  const arrived = (file: string, lines: number): Promise<void> =>
    until(`${lines} lines in ${file}`, async () => {
      const text = await readFile(file, 'utf8').catch(() => '')
      return text.split('\n').length > lines || text
    })

  for (const [number, { what, config, failing }] of CASES.entries())
    test(`sink: ${what}`, async () => {
      const name = `letters-${number}`
      const topic = await cluster.createTopic(`records-${number}`)
      await using producer = cluster.kafka.clients.producer()
      await producer.sendAndWait(
        [...failing, GOOD].map((record) => ({ topic, partition: 0, key: null, value: null, ...record })),
      )
      const [ofJava, ofNaru] = ['java', 'naru'].map((worker) => ({
        file: join(folder, `${worker}-${number}`),
        queue: cluster.name(`letters-${number}-${worker}`),
        group: cluster.name(`${worker}-${number}`),
      })) as [{ file: string; queue: string; group: string }, { file: string; queue: string; group: string }]
      const of = ({ file, queue, group }: typeof ofJava): Props => ({
        'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
        'tasks.max': '1',
        topics: topic,
        file,
        'consumer.override.group.id': group,
        'key.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter',
        'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
        'errors.tolerance': 'all',
        'errors.log.enable': 'true',
        'errors.log.include.messages': 'true',
        'errors.deadletterqueue.topic.name': queue,
        'errors.deadletterqueue.topic.replication.factor': '1',
        'errors.deadletterqueue.context.headers.enable': 'true',
        ...config,
      })
      await configureBoth(name, of(ofJava), of(ofNaru))
      await Promise.all([arrived(ofJava.file, 1), arrived(ofNaru.file, 1)])
      assert.deepEqual(await letters(ofNaru.queue, failing.length), await letters(ofJava.queue, failing.length))
      assert.deepEqual(errorLines(logged.lines, name), errorLines(java.output.split('\n'), name))
      assert.equal(errorLines(logged.lines, name).length, failing.length)
    })

  test('source: records are shown whole in the log', async () => {
    const name = 'shown'
    const file = join(folder, 'lines')
    await writeFile(file, 'one\ntwo\n')
    const config: Props = {
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
      'tasks.max': '1',
      file,
      topic: cluster.name('shown'),
      'errors.tolerance': 'all',
      'errors.log.enable': 'true',
      'errors.log.include.messages': 'true',
      ...transformed('Cast$Value', { spec: 'int32' }),
    }
    await configureBoth(name, config, config)
    const shown = (lines: readonly string[]): readonly string[] =>
      errorLines(lines, name).map((line) => line.replace(/timestamp=\d+/, 'timestamp=…'))
    for (const lines of [() => logged.lines, () => java.output.split('\n')])
      await until('two lines were logged', () => Promise.resolve(shown(lines()).length === 2 || shown(lines())))
    assert.deepEqual(shown(logged.lines), shown(java.output.split('\n')))
  })
})

/** From "Error encountered in task" on. */
function errorLines(lines: readonly string[], connector: string): readonly string[] {
  return lines.flatMap((line) => {
    const at = line.indexOf(`Error encountered in task ${connector}-0.`)
    return at < 0 ? [] : [line.slice(at).replace(/ \(LogReporter(\$\w+)?\)$/, '')]
  })
}
