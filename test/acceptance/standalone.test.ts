import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readJavaOffsets } from '../../runtime/storage/java-offset-file.ts'
import { NaruProcess } from '../support/naru-process.ts'
import { StandaloneWorker } from './support/standalone-worker.ts'
import { until } from './support/until.ts'

const MONITORABLE = {
  'connector.class': 'MonitorableSourceConnector',
  'tasks.max': '2',
  topic: 'standalone',
  throughput: '10',
}

interface Status {
  readonly connector: { readonly state: string }
  readonly tasks: readonly { readonly state: string }[]
}

async function state(worker: StandaloneWorker, name: string, wanted: string, tasks: number): Promise<void> {
  await until(`${name} is ${wanted} with ${tasks} tasks`, async () => {
    const { status, body } = await worker.ask<Status>('GET', `/connectors/${name}/status`)
    const done =
      status === 200 &&
      body.connector.state === wanted &&
      body.tasks.length === tasks &&
      body.tasks.every((task) => task.state === wanted)
    return done || body
  })
}

describe('a standalone worker', () => {
  test('A2 testCreateConnectorWithStoppedInitialState: a connector made STOPPED has no tasks until it is resumed', async () => {
    await using worker = await StandaloneWorker.start()
    await worker.worker.ready
    const created = await worker.ask('POST', '/connectors', {
      name: 'a2',
      config: MONITORABLE,
      initial_state: 'STOPPED',
    })
    assert.equal(created.status, 201)
    await state(worker, 'a2', 'STOPPED', 0)
    assert.deepEqual((await worker.ask('GET', '/connectors/a2/tasks')).body, [])
    assert.equal((await worker.ask('PUT', '/connectors/a2/resume')).status, 202)
    await state(worker, 'a2', 'RUNNING', 2)
  })

  test('A3 testHealthCheck: the worker is not healthy until the connector of its command line has started', async () => {
    const config = {
      'connector.class': 'BlockingConnectorTest$BlockingConnector',
      block: 'Connector::start',
      name: 'a3',
    }
    await using worker = await StandaloneWorker.start([{ name: 'a3', config }])
    await worker.connector('a3').awaitBlocked('Connector::start')
    const early = await worker.ask<{ status: string; message: string }>('GET', '/health')
    assert.equal(early.status, 503)
    assert.equal(early.body.status, 'starting')
    assert.match(early.body.message, /^Worker is still starting up\./)
    worker.connector('a3').release('Connector::start')
    await worker.worker.ready
    assert.equal((await worker.ask('GET', '/health')).status, 200)
    // Where Kafka Connect's request fails with its only thread, here a connector that blocks holds up nobody but itself.
    const blocked = await worker.ask('PUT', '/connectors/a3/config', { ...config, block: 'Connector::taskConfigs' })
    assert.equal(blocked.status, 200)
    await worker.connector('a3').awaitBlocked('Connector::taskConfigs')
    assert.equal((await worker.ask('GET', '/health')).status, 200)
    worker.connector('a3').release('Connector::taskConfigs')
  })

  test('goes on behind the offsets in its file, which has the format of Kafka Connect', async () => {
    await using worker = await StandaloneWorker.lab()
    const file = join(worker.folder, 'lines')
    await writeFile(file, 'one\ntwo\n')
    const topic = `lines-${Date.now()}`
    const config = { name: 'lines', 'connector.class': 'FileStreamSource', file, topic }
    await worker.start([{ name: 'lines', config }])
    await worker.kafka.consume(topic, 2)
    await worker.stop()
    assert.deepEqual(
      readJavaOffsets(await readFile(worker.offsetFile)).map(({ key, value }) => [String(key), String(value)]),
      [[`["lines",${JSON.stringify({ filename: file })}]`, '{"position":8}']],
    )
    await writeFile(file, 'one\ntwo\nthree\n')
    await worker.start([{ name: 'lines', config }])
    const values = (await worker.kafka.consume(topic, 3)).map(({ value }) => value)
    assert.deepEqual(values, ['one', 'two', 'three'])
  })

  test('takes the initial states of its command line, and ends for a connector that cannot start', async () => {
    await using worker = await StandaloneWorker.start([
      { name: 'paused', config: { ...MONITORABLE, name: 'paused' }, initialState: 'PAUSED' },
    ])
    await worker.worker.ready
    await state(worker, 'paused', 'PAUSED', 0)
    await worker.stop()

    const broken = { ...MONITORABLE, name: 'broken', 'connector.start.inject.error': 'true' }
    const files = ['worker.properties', 'broken.json'].map((name) => join(worker.folder, name))
    const properties = Object.entries(worker.props()).map(([key, value]) => `${key}=${value}\n`)
    await writeFile(files[0]!, properties.join(''))
    await writeFile(files[1]!, JSON.stringify(broken))
    await using command = new NaruProcess(['standalone', ...files])
    assert.equal(await command.end(), 3, command.output)
    assert.match(
      command.output,
      /naru: the worker failed: Failed to create connector broken: .*Injecting errors during connector start/,
    )
  })
})
