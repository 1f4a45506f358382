import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startConnectCluster } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const IT = 'org.apache.kafka.connect.integration.BlockingConnectorTest$'
/** Plugins that wait for ever must not cost anybody else more than this. */
const IMPATIENT = { 'rest.request.timeout.ms': '4000', 'task.shutdown.graceful.timeout.ms': '800' }

describe('BlockingConnectorTest', { timeout: 600_000 }, () => {
  let cluster: ConnectCluster
  before(async () => {
    cluster = await startConnectCluster({ workerProps: IMPATIENT })
    await otherConnectorWorks()
  })
  after(() => cluster[Symbol.asyncDispose]())

  async function otherConnectorWorks(): Promise<void> {
    const name = cluster.name(`normal-${Math.random().toString(36).slice(2, 8)}`)
    const topic = await cluster.createTopic(name)
    await retried(() =>
      cluster.configure(name, {
        'connector.class': 'MonitorableSourceConnector',
        topic,
        'max.messages': '10',
      }),
    )
    await cluster.running(name, 1)
    await cluster.connector(name).awaitRecords(10)
    await cluster.delete(name)
  }

  /** Creates a connector that blocks there. */
  async function block(name: string, className: string, at: string, more = {}): Promise<void> {
    const config = { 'connector.class': `${IT}${className}`, 'tasks.max': '1', block: at, ...more }
    await retried(() => cluster.configure(name, config))
  }

  async function timesOut(request: Promise<{ readonly status: number; readonly body: unknown }>, doing: string) {
    const { status, body } = await request
    assert.equal(status, 500)
    assert.match((body as { message: string }).message, /^Request timed out\. /)
    assert.ok((body as { message: string }).message.includes(`currently ${doing}`), JSON.stringify(body))
  }

  test('B1 testBlockInConnectorValidate: the request times out and says at what; others work', async () => {
    const config = { 'connector.class': `${IT}BlockingConnector`, block: 'Connector::validate', topics: 't' }
    const name = cluster.name('validate')
    await timesOut(
      cluster.ask('PUT', `/connectors/${name}/config`, config),
      'performing multi-property validation for the connector',
    )
    await otherConnectorWorks()
    cluster.connector(name).release('Connector::validate')
  })

  test('B2 testBlockInConnectorConfig: the request times out and says at what; others work', async () => {
    const config = { 'connector.class': `${IT}ConfigBlockingConnector` }
    await timesOut(
      cluster.ask('PUT', `/connectors/${cluster.name('config')}/config`, config),
      'retrieving the configuration definition from the connector',
    )
    await otherConnectorWorks()
  })

  for (const [id, test_, at] of [
    ['B3', 'testBlockInConnectorInitialize', 'Connector::initialize'],
    ['B4', 'testBlockInConnectorStart', 'Connector::start'],
  ] as const) {
    test(`${id} ${test_}: it is created, others work, and its restart times out and says at what`, async () => {
      const name = cluster.name(id)
      await block(name, 'BlockingConnector', at)
      await cluster.connector(name).awaitBlocked(at)
      await otherConnectorWorks()
      await timesOut(cluster.ask('POST', `/connectors/${name}/restart`), 'starting the connector')
      await cluster.delete(name)
    })
  }

  test('B5 testBlockInConnectorStop: it is deleted all the same', async () => {
    const name = cluster.name('connector-stop')
    await block(name, 'BlockingConnector', 'Connector::stop')
    await cluster.running(name, 1)
    await cluster.delete(name)
    await cluster.connector(name).awaitBlocked('Connector::stop')
    await otherConnectorWorks()
  })

  describe('in its task', { concurrency: 4 }, () => {
    for (const [id, test_, className, at] of [
      ['B6', 'testBlockInSourceTaskStart', 'BlockingSourceConnector', 'Task::start'],
      ['B7', 'testBlockInSourceTaskStop', 'BlockingSourceConnector', 'Task::stop'],
      ['B8', 'testBlockInSinkTaskStart', 'BlockingSinkConnector', 'Task::start'],
      ['B9', 'testBlockInSinkTaskStop', 'BlockingSinkConnector', 'Task::stop'],
    ] as const) {
      test(`${id} ${test_}: others work, and it is gone when it is deleted`, async () => {
        const name = cluster.name(id)
        const more = className === 'BlockingSinkConnector' ? { topics: await cluster.createTopic(`in-${id}`) } : {}
        await block(name, className, at, more)
        const { body } = await cluster.ask<{ tasks: unknown[] }>('GET', `/connectors/${name}`)
        assert.ok(body.tasks.length <= 1)
        if (at === 'Task::stop') await cluster.running(name, 1)
        else await cluster.connector(name).task(0).awaitBlocked(at)
        await cluster.delete(name)
        await otherConnectorWorks()
        await cluster.gone(name)
      })
    }
  })

  for (const [id, test_, at] of [
    ['B10', 'testWorkerRestartWithBlockInConnectorStart', 'Connector::start'],
    ['B11', 'testWorkerRestartWithBlockInConnectorStop', 'Connector::stop'],
  ] as const) {
    test(`${id} ${test_}: the worker stops in spite of it, and a new one starts both`, async () => {
      const name = cluster.name(id)
      const normal = cluster.name(`${id}-normal`)
      const topic = await cluster.createTopic(normal)
      await block(name, 'BlockingConnector', at)
      await cluster.configure(normal, { 'connector.class': 'MonitorableSourceConnector', topic, throughput: '100' })
      await cluster.running(normal, 1)
      if (at === 'Connector::start') await cluster.connector(name).awaitBlocked(at)
      else await cluster.running(name, 1)
      const starts = cluster.connector(name).counts
      await cluster.removeWorker()
      await cluster.addWorker()
      await cluster.connector(name).awaitStarts(1, starts)
      await cluster.running(normal, 1)
      await cluster.delete(normal)
      await cluster.delete(name)
    })
  }

  test('a task that holds its thread is ended when it is deleted, and a neighbour in that thread goes on elsewhere', async () => {
    const worker = await cluster.addWorker({ props: { 'task.threads.max': '1' } })
    await cluster.removeWorker(cluster.worker)
    const normal = cluster.name('neighbour')
    const topic = await cluster.createTopic('neighbour')
    await retried(() =>
      cluster.configure(normal, { 'connector.class': 'MonitorableSourceConnector', topic, throughput: '100' }),
    )
    await cluster.running(normal, 1)
    const name = cluster.name('spinning')
    const before = cluster.connector(normal).task(0).counts
    await block(name, 'BlockingSourceConnector', 'SourceTask::poll', { 'block.how': 'spin' })
    await cluster.connector(name).task(0).awaitBlocked('SourceTask::poll')
    // The thread is ended after some seconds of computing: the neighbour starts again in a thread of its own.
    await cluster.connector(normal).task(0).awaitStarts(1, before)
    await cluster.connector(normal).task(0).awaitRecords(20, cluster.connector(normal).task(0).counts)
    await cluster.delete(name)
    await cluster.gone(name)
    await cluster.delete(normal)
    assert.equal((await worker.ask('GET', '/')).status, 200)
  })
})

/** The first request after a blocked one may itself find the thread of the connectors blocked, or about to be ended. */
async function retried(request: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request()
    } catch (error) {
      if (attempt === 20) throw error
    }
  }
}
