import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startConnectCluster } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'
import { NaruProcess } from '../support/naru-process.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'naru-mistakes-'))
const FILE = join(FOLDER, 'lines.txt')
const SOURCE = { 'connector.class': 'FileStreamSource', file: FILE, topic: 'lines' }
const SINK = { 'connector.class': 'FileStreamSink', file: FILE, topics: 'lines' }
const S3 = {
  'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
  topics: 'lines',
  's3.region': 'us-east-1',
  'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
  'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
  'flush.size': '3',
}
const POSTGRES = {
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'database.hostname': '127.0.0.1',
  'database.port': '1',
  'database.user': 'shop',
  'database.dbname': 'shop',
  'topic.prefix': 'shop',
}
const transform = (props: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  ...SOURCE,
  transforms: 'x',
  ...Object.fromEntries(Object.entries(props).map(([key, value]) => [`transforms.x.${key}`, value])),
})
const BUILT_IN = 'org.apache.kafka.connect.transforms'

/** A config that somebody posts, and what in the answer helps: the key, the value, what to do. */
const CONFIGS: readonly (readonly [what: string, config: unknown, says: readonly (string | RegExp)[]])[] = [
  [
    'a class that is misspelt',
    { ...SOURCE, 'connector.class': 'FileStreamSorce' },
    [/Did you mean FileStreamSource\?$/],
  ],
  ['no class', { topic: 'lines' }, ['contains no connector type']],
  [
    'a broken topics.regex',
    { ...SINK, topics: undefined, 'topics.regex': 'a(b' },
    ['a(b', 'topics.regex', 'Unterminated group'],
  ],
  ['no topics', { ...SINK, topics: '' }, ['Must configure one of topics or topics.regex']],
  [
    'tasks.max that is no number',
    { ...SOURCE, 'tasks.max': 'abc' },
    ['Invalid value abc for configuration tasks.max: Not a number'],
  ],
  ['tasks.max of 0', { ...SOURCE, 'tasks.max': '0' }, ['tasks.max: Value must be at least 1']],
  ['no bucket', S3, ['Missing required configuration "s3.bucket.name"']],
  [
    'a format that does not exist',
    { ...S3, 's3.bucket.name': 'b', 'format.class': 'io.confluent.JsonFromat' },
    ['JsonFromat', 'format.class', 'use io.confluent.connect.s3.format.json.JsonFormat'],
  ],
  ['a transformation without a type', transform({}), ['Missing required configuration "transforms.x.type"']],
  [
    'a transformation that is misspelt',
    transform({ type: `${BUILT_IN}.InsertFeld$Value` }),
    ['transforms.x.type', /Did you mean .*InsertField\$Value\?/],
  ],
  [
    "a transformation's broken regex",
    transform({ type: `${BUILT_IN}.RegexRouter`, regex: '(', replacement: 'y' }),
    [/^transforms\.x\.regex: Invalid value \( /m],
  ],
  [
    'a converter that is misspelt',
    { ...SOURCE, 'value.converter': 'org.apache.kafka.connect.json.JsonConvertor' },
    ['value.converter', /Did you mean .*JsonConverter\?/],
  ],
  [
    'a word for a boolean',
    { ...SOURCE, 'errors.log.enable': 'yes' },
    ['Invalid value yes for configuration errors.log.enable', 'either true or false'],
  ],
  [
    'a word that is none of the choices',
    { ...SOURCE, 'errors.tolerance': 'any' },
    ['Invalid value any for configuration errors.tolerance', 'none, all'],
  ],
  ['a port in words', { ...POSTGRES, 'database.port': 'five' }, ['Invalid value five for configuration database.port']],
  [
    'a prefix with a blank',
    { ...POSTGRES, 'topic.prefix': 'my shop' },
    ['my shop', 'topic.prefix', 'only letters, digits'],
  ],
  [
    'a database where none is, a password that is a number',
    { ...POSTGRES, 'database.password': 1234 },
    ['nothing listens at 127.0.0.1:1', 'database.hostname'],
  ],
  ['null', { ...SOURCE, topic: null }, ['topic: Null value can not be supplied']],
  ['a list as JSON', { ...SINK, topics: ['a', 'b'] }, ['"topics"', 'with commas: "a,b"']],
  ['an object', { ...SOURCE, file: { path: 'x' } }, ['"file"', 'it holds an object']],
  ['the body of POST', { name: 'a', config: SOURCE }, ['send what is in "config"']],
  ['another name', { ...SOURCE, name: 'b' }, ['Connector name configuration (b)', '(a)']],
]

describe('mistakes in configurations are answered with key, value and remedy', { timeout: 600_000 }, () => {
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({ workerProps: { 'plugin.path': '' } })
  })
  after(async () => {
    await cluster[Symbol.asyncDispose]()
    rmSync(FOLDER, { recursive: true })
  })

  async function answer(method: string, path: string, body?: unknown): Promise<readonly [number, string]> {
    const { status, body: said } = await cluster.ask<{ error_code: number; message: string }>(method, path, body)
    assert.equal(said.error_code, status)
    return [status, said.message]
  }

  for (const [what, config, says] of CONFIGS)
    test(what, async () => {
      const [status, message] = await answer('PUT', '/connectors/a/config', config)
      assert.equal(status, 400, message)
      for (const part of says)
        assert.ok(typeof part === 'string' ? message.includes(part) : part.test(message), message)
      assert.doesNotMatch(message, /1234|undefined|\[object/)
    })

  test('in the body of POST', async () => {
    assert.deepEqual(await answer('POST', '/connectors', '{"name":"a",\n"config":{"x":"y",}}'), [
      400,
      'the body is not valid JSON (line 2 column 19)',
    ])
    assert.deepEqual(await answer('POST', '/connectors', { name: 'a', ...SOURCE }), [
      400,
      'Unrecognized field "connector.class": the known fields are "name", "config", "initial_state"',
    ])
    assert.match((await answer('POST', '/connectors', { config: SOURCE }))[1], /name: String may not be empty/)
    const wrongState = { name: 'a', config: SOURCE, initial_state: 'asleep' }
    assert.match((await answer('POST', '/connectors', wrongState))[1], /asleep: one of RUNNING, PAUSED, STOPPED/)
    const name = cluster.name('twice')
    await cluster.create(name, SOURCE, 'STOPPED')
    assert.deepEqual(await answer('POST', '/connectors', { name, config: SOURCE }), [
      409,
      `Connector ${name} already exists`,
    ])
  })

  test('blanks around a class or a number are none', async () => {
    const name = cluster.name('blanks')
    await cluster.configure(name, {
      ...SINK,
      'connector.class': ' FileStreamSink ',
      'tasks.max': ' 1 ',
      topics: ' a , b ',
    })
    await cluster.running(name, 1)
    assert.equal((await cluster.status(name)).type, 'sink')
    await cluster.delete(name)
  })

  test('a setting of a client that has no such value fails the task, which names it', async () => {
    const name = cluster.name('override')
    await cluster.configure(name, { ...SINK, 'consumer.override.auto.offset.reset': 'begin' })
    await cluster.inState(name, 'RUNNING', 1, 'FAILED')
    const [task] = (await cluster.status(name)).tasks
    assert.match(task!.trace!, /begin.*auto\.offset\.reset|auto\.offset\.reset.*begin/)
    await cluster.delete(name)
  })

  test("a worker's converter that is misspelt ends the worker at once, Kafka or not", async () => {
    const file = join(FOLDER, 'worker.properties')
    const props = {
      'bootstrap.servers': '127.0.0.1:1',
      'offset.storage.file.filename': join(FOLDER, 'offsets'),
      'key.converter': 'org.apache.kafka.connect.json.JsonConvertor',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      listeners: 'http://127.0.0.1:0',
    }
    writeFileSync(
      file,
      Object.entries(props)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    )
    await using worker = new NaruProcess(['standalone', file])
    assert.equal(await worker.end(), 1, worker.output)
    assert.match(
      worker.output,
      /naru: the worker failed: Invalid value \S+JsonConvertor for configuration key\.converter: .* Did you mean \S+JsonConverter\? .*plugin\.path is empty/,
    )
  })
})
