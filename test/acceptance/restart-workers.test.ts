import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import testConnectors from '../connectors/index.ts'
import { startConnectCluster } from './support/connect-cluster.ts'
import type { ClusterWorker, ConnectCluster } from './support/connect-cluster.ts'
import type { ConnectorHandle } from './support/handles.ts'

const TASKS = 4

describe('ConnectorRestartApiIntegrationTest with more workers than it takes', () => {
  let group: ConnectCluster
  /** Runs nothing of the connector. */
  let idle: ClusterWorker
  let handle: ConnectorHandle
  before(async () => {
    group = await startConnectCluster({
      workers: TASKS + 2,
      plugins: [testConnectors],
      workerProps: { 'plugin.path': '' },
    })
    const topic = await group.createTopic('restarts')
    const name = group.name('spread')
    await group.configure(name, {
      'connector.class': 'MonitorableSourceConnector',
      'tasks.max': String(TASKS),
      topic,
      throughput: '10',
    })
    await group.running(name, TASKS)
    handle = group.connector(name)
    await handle.until('all were started', ({ starts }) => starts >= 1 && startsOf(handle).every((count) => count >= 1))
    const { connector, tasks } = await group.status(name)
    const busy = new Set([connector.worker_id, ...tasks.map(({ worker_id }) => worker_id)])
    idle = group.workers.find(({ workerId }) => !busy.has(workerId))!
  })
  after(() => group[Symbol.asyncDispose]())

  test('R15 testMultiWorkerRestartOnlyConnector: a worker that runs nothing of it passes the request on', async () => {
    const before = handle.counts
    const { status } = await idle.ask('POST', `/connectors/${handle.name}/restart?onlyFailed=false&includeTasks=false`)
    assert.equal(status, 204)
    await handle.awaitStarts(1, before)
    await group.running(handle.name, TASKS)
  })

  test('R16 testMultiWorkerRestartBothConnectorAndTasks: all are started, wherever they run', async () => {
    const before = { connector: handle.counts, tasks: startsOf(handle) }
    const { status } = await idle.ask('POST', `/connectors/${handle.name}/restart?onlyFailed=false&includeTasks=true`)
    assert.equal(status, 202)
    await handle.until(
      'all were started again',
      ({ starts }) =>
        starts > before.connector.starts && startsOf(handle).every((count, task) => count > before.tasks[task]!),
    )
    await group.running(handle.name, TASKS)
  })
})

function startsOf(handle: ConnectorHandle): readonly number[] {
  return Array.from({ length: TASKS }, (_, task) => handle.task(task).starts)
}
