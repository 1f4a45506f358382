import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import { createLogger } from '../../runtime/telemetry/logger.ts'
import { cdcConfig, Lab, s3Config } from './support/lab.ts'
import { isRunning } from './support/rest.ts'
import { S3Lines } from './support/s3-lines.ts'
import { until } from './support/until.ts'

describe('what a user gets wrong', () => {
  let lab: Lab
  let kafka: KafkaClients

  before(async () => {
    lab = await Lab.start({
      workers: 1,
      workerProps: {
        'plugin.path': fileURLToPath(new URL('../support', import.meta.url)),
        'task.memory.max.mb': '200',
      },
    })
    kafka = new KafkaClients({
      props: { 'bootstrap.servers': lab.kafka.bootstrap, 'client.id': 'errors-test' },
      logger: createLogger({ level: 'error' }),
    })
  })

  after(async () => {
    await kafka[Symbol.asyncDispose]()
    await lab[Symbol.asyncDispose]()
  })

  async function refused(config: Readonly<Record<string, string>>): Promise<{ status: number; message: string }> {
    const { status, body } = await lab.rest.request('PUT', '/connectors/wrong/config', config)
    return { status, message: (body as { message: string }).message }
  }

  /** A status comes by its topic, a moment after the task has begun. */
  async function untilRunning(name: string): Promise<void> {
    await until(async () => isRunning(await lab.rest.status(name)), {
      timeoutMs: 60_000,
      describe: async () => `${name}: ${JSON.stringify(await lab.rest.status(name))}`,
    })
  }

  test('an unknown class: the answer names it and the nearest that exists', async () => {
    const { status, message } = await refused({
      ...s3Config(lab, 't'),
      'connector.class': 'io.confluent.connect.s3.S3SinkConector',
    })
    assert.equal(status, 400)
    assert.match(message, /S3SinkConector/)
    assert.match(message, /io\.confluent\.connect\.s3\.S3SinkConnector/)
  })

  test('a missing key: the answer names it', async () => {
    const { 's3.bucket.name': _, ...config } = s3Config(lab, 't')
    const { status, message } = await refused(config)
    assert.equal(status, 400)
    assert.match(message, /Missing required configuration "s3\.bucket\.name" which has no default value\./)
  })

  test('a wrong type: the answer names key, value and what is wanted', async () => {
    const { status, message } = await refused({ ...s3Config(lab, 't'), 'flush.size': 'many' })
    assert.equal(status, 400)
    assert.match(message, /Invalid value many for configuration flush\.size: Not a number of type INT/)
  })

  test('a wrong database password: the answer says which user was refused', async () => {
    const { status, message } = await refused({ ...cdcConfig(lab, 'wrong', 'none'), 'database.password': 'nonsense' })
    assert.equal(status, 400)
    assert.match(message, /database\.password|database\.user/)
    assert.match(message, /password/)
    assert.doesNotMatch(message, /nonsense/)
  })

  test('a bucket that does not exist: the answer names it', async () => {
    const config = { ...s3Config(lab, 'no-bucket-topic'), 's3.bucket.name': 'no-such-bucket' }
    const { status, body } = await lab.rest.request('PUT', '/connectors/no-bucket/config', config)
    const message =
      status === 400
        ? (body as { message: string }).message
        : await until(
            async () => {
              const seen = await lab.rest.status('no-bucket')
              return seen?.connector.trace ?? seen?.tasks.find((task) => task.state === 'FAILED')?.trace
            },
            { timeoutMs: 30_000, describe: async () => JSON.stringify(await lab.rest.status('no-bucket')) },
          )
    assert.match(message, /no-such-bucket/)
    await lab.rest.request('DELETE', '/connectors/no-bucket')
  })

  test('a poison record goes to the dead letter queue with its context headers; the others arrive', async () => {
    const topic = 'poisoned'
    await kafka.admin().createTopics([{ name: topic, partitions: 1, replicationFactor: 1 }])
    await using producer = kafka.producer({ 'linger.ms': '0' })
    const values = ['{"id":1}', '{"id":', '{"id":3}']
    await producer.sendAndWait(values.map((value) => ({ topic, partition: 0, key: null, value: Buffer.from(value) })))
    await lab.rest.put('poison', {
      ...s3Config(lab, topic),
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'poisoned-dlq',
      'errors.deadletterqueue.topic.replication.factor': '1',
      'errors.deadletterqueue.context.headers.enable': 'true',
    })
    using s3 = new S3Lines(lab.s3Access)
    await until(async () => (await s3.lines(`topics/${topic}/`)).length === 2, {
      timeoutMs: 60_000,
      describe: async () => JSON.stringify([await lab.rest.status('poison'), await s3.lines(`topics/${topic}/`)]),
    })
    await using fetcher = kafka.fetcher()
    fetcher.assign([{ topic: 'poisoned-dlq', partition: 0, offset: 'earliest' }])
    const [dead] = await until(
      async () => {
        const records = await fetcher.poll({ timeoutMs: 500 })
        return records.length > 0 && records
      },
      { timeoutMs: 30_000, describe: () => 'a record in poisoned-dlq' },
    )
    assert.equal(dead!.value!.toString(), '{"id":')
    const headers = Object.fromEntries(
      dead!.headers.map(({ key, value }) => [key, value && Buffer.from(value).toString()]),
    )
    assert.equal(headers['__connect.errors.topic'], topic)
    assert.equal(headers['__connect.errors.partition'], '0')
    assert.equal(headers['__connect.errors.offset'], '1')
    assert.equal(headers['__connect.errors.connector.name'], 'poison')
    assert.equal(headers['__connect.errors.task.id'], '0')
    assert.equal(headers['__connect.errors.stage'], 'VALUE_CONVERTER')
    await untilRunning('poison')
  })

  test('a file source and a file sink work beside all this, also beside plugins that spin and leak', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'naru-files-'))
    t.after(() => rm(dir, { recursive: true, force: true }))
    const [input, output] = [join(dir, 'in.txt'), join(dir, 'out.txt')]
    await writeFile(input, 'one\ntwo\n')
    const strings = {
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'tasks.max': '1',
    }
    await lab.rest.put('file-in', { ...strings, 'connector.class': 'FileStreamSource', file: input, topic: 'lines' })
    await lab.rest.put('file-out', { ...strings, 'connector.class': 'FileStreamSink', file: output, topics: 'lines' })
    const arrived = async (text: string): Promise<void> => {
      await until(async () => (await readFile(output, 'utf8').catch(() => '')) === text, {
        timeoutMs: 60_000,
        describe: async () => JSON.stringify([await lab.rest.status('file-in'), await lab.rest.status('file-out')]),
      })
    }
    await arrived('one\ntwo\n')

    const probe = { 'connector.class': 'ProbeSource', 'tasks.max': '1', 'probe.records': '1' }
    await Promise.all([
      lab.rest.put('spinning-connector', { ...probe, 'probe.connector.misdeed': 'spin' }),
      lab.rest.put('leaking', { ...probe, 'probe.misdeed': 'leak-buffers' }),
      lab.rest.put('spinning', { ...probe, 'probe.misdeed': 'spin' }),
    ])
    const traceOf = async (name: string): Promise<string> =>
      await until(
        async () => {
          const status = await lab.rest.status(name)
          return status?.connector.trace ?? status?.tasks[0]?.trace
        },
        { timeoutMs: 90_000, describe: async () => JSON.stringify(await lab.rest.status(name)) },
      )
    assert.match(await traceOf('leaking'), /task\.memory\.max\.mb=200/)
    assert.match(await traceOf('spinning-connector'), /held its thread/)

    await appendFile(input, 'three\n')
    await arrived('one\ntwo\nthree\n')
    const { status, body } = await lab.rest.request('GET', '/')
    assert.equal(status, 200, JSON.stringify(body))
    await untilRunning('spinning') // it holds nothing but its own thread
    await untilRunning('poison')
    for (const name of ['spinning', 'leaking', 'spinning-connector'])
      assert.equal((await lab.rest.request('DELETE', `/connectors/${name}`)).status, 204)
    const log = await readFile(lab.workers[0]!.logFile, 'utf8')
    assert.doesNotMatch(log, /lost the membership/, 'heartbeats go on')
  })
})
