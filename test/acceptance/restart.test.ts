import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster, Status } from './support/connect-cluster.ts'
import type { ConnectorHandle, Counts } from './support/handles.ts'
import testConnectors from '../connectors/index.ts'

const TASKS = 4
/** As an object the plugin runs on the main thread: nothing here is about threads, and starting them takes longest. */
const INLINE = { 'plugin.path': '' }

interface Restart {
  readonly onlyFailed: boolean
  readonly includeTasks: boolean
}
const ALL: readonly Restart[] = [false, true].flatMap((onlyFailed) =>
  [false, true].map((includeTasks) => ({ onlyFailed, includeTasks })),
)

describe('ConnectorRestartApiIntegrationTest', () => {
  let cluster: ConnectCluster
  let topic: string
  before(async () => {
    cluster = await startConnectCluster({ plugins: [testConnectors], workerProps: INLINE })
    topic = await cluster.createTopic('restarts')
  })
  after(() => cluster[Symbol.asyncDispose]())

  const restart = async (name: string, { onlyFailed, includeTasks }: Restart) =>
    await cluster.ask<Status & { readonly message?: string }>(
      'POST',
      `/connectors/${name}/restart?onlyFailed=${onlyFailed}&includeTasks=${includeTasks}`,
    )

  /** Starts a connector that waits for the state which its faults lead to. */
  async function connector(
    label: string,
    faults: Readonly<Record<string, string>> = {},
    states: readonly [connector: string, tasks: string] = ['RUNNING', 'RUNNING'],
  ): Promise<ConnectorHandle> {
    const name = cluster.name(label)
    await cluster.configure(name, {
      'connector.class': 'MonitorableSourceConnector',
      'tasks.max': String(TASKS),
      topic,
      throughput: '10',
      ...faults,
    })
    await cluster.inState(name, states[0], states[0] === 'FAILED' ? 0 : TASKS, states[1])
    const handle = cluster.connector(name)
    // The news of starts travel beside the statuses.
    await handle.awaitStarts(1)
    if (states[0] !== 'FAILED') await handle.until('all tasks were started', ({ tasks }) => tasks.length === TASKS)
    return handle
  }

  function failing(name: string, tasks: readonly number[]): Readonly<Record<string, string>> {
    return Object.fromEntries(tasks.map((task) => [`task-${cluster.name(name)}-${task}.start.inject.error`, 'true']))
  }
  const everyTask = Array.from({ length: TASKS }, (_, task) => task)

  async function expectStarts(
    handle: ConnectorHandle,
    before: { readonly connector: Counts; readonly tasks: readonly number[] },
    connectorStarts: number,
    taskStarts: readonly number[],
  ): Promise<void> {
    const wanted = taskStarts.map((starts, task) => before.tasks[task]! + starts)
    await handle.until(
      'the wanted starts',
      ({ starts }) => starts === before.connector.starts + connectorStarts && startsOf(handle).join() === wanted.join(),
    )
  }
  function startsOf(handle: ConnectorHandle): readonly number[] {
    return everyTask.map((task) => handle.task(task).starts)
  }
  function counts(handle: ConnectorHandle) {
    return { connector: handle.counts, tasks: startsOf(handle) }
  }
  const each = (starts: number): readonly number[] => everyTask.map(() => starts)

  /** Nothing was started since: a restart of everything, asked for after that which starts nothing, is the first to. */
  async function expectNoStarts(
    handle: ConnectorHandle,
    before: { readonly connector: Counts; readonly tasks: readonly number[] },
  ): Promise<void> {
    const { status } = await restart(handle.name, { onlyFailed: false, includeTasks: true })
    assert.equal(status, 202)
    await expectStarts(handle, before, 1, each(1))
  }

  test('R1 testRestartUnknownConnectorNoParams: 404 for a connector that does not exist', async () => {
    const { status, body } = await cluster.ask('POST', '/connectors/unknown/restart')
    assert.deepEqual([status, body], [404, { error_code: 404, message: 'Unknown connector: unknown' }])
  })

  test('R2 testRestartUnknownConnector: 404 whatever is asked for', async () => {
    for (const request of ALL) {
      const { status, body } = await restart('unknown', request)
      assert.deepEqual([status, body.message], [404, 'Unknown connector: unknown'])
    }
  })

  const RUNNING: readonly (readonly [string, string, Restart, number, number])[] = [
    ['R3', 'testRunningConnectorAndTasksRestartOnlyConnector', { onlyFailed: false, includeTasks: false }, 1, 0],
    ['R4', 'testRunningConnectorAndTasksRestartBothConnectorAndTasks', { onlyFailed: false, includeTasks: true }, 1, 1],
    [
      'R5',
      'testRunningConnectorAndTasksRestartOnlyFailedConnectorNoop',
      { onlyFailed: true, includeTasks: false },
      0,
      0,
    ],
    [
      'R6',
      'testRunningConnectorAndTasksRestartBothConnectorAndTasksNoop',
      { onlyFailed: true, includeTasks: true },
      0,
      0,
    ],
  ]
  for (const [id, title, request, connectorStarts, taskStarts] of RUNNING)
    test(`${id} ${title}: ${connectorStarts} start of the connector, ${taskStarts} of each task`, async () => {
      const handle = await connector(id.toLowerCase())
      const before = counts(handle)
      const { status, body } = await restart(handle.name, request)
      assert.equal(status, request.onlyFailed || request.includeTasks ? 202 : 204)
      if (status === 202) {
        const shown = (starts: number): string => (starts === 1 ? 'RESTARTING' : 'RUNNING')
        assert.equal(body.connector.state, shown(connectorStarts))
        assert.deepEqual(
          body.tasks.map(({ state }) => state),
          everyTask.map(() => shown(taskStarts)),
        )
      }
      if (connectorStarts === 0) await expectNoStarts(handle, before)
      else await expectStarts(handle, before, connectorStarts, each(taskStarts))
      await cluster.running(handle.name, TASKS)
    })

  const FAILED_CONNECTOR: readonly (readonly [string, string, Restart])[] = [
    ['R7', 'testFailedConnectorRestartOnlyConnector', { onlyFailed: false, includeTasks: false }],
    ['R8', 'testFailedConnectorRestartBothConnectorAndTasks', { onlyFailed: false, includeTasks: true }],
    ['R9', 'testFailedConnectorRestartOnlyFailedConnectorAndTasks', { onlyFailed: true, includeTasks: true }],
  ]
  for (const [id, title, request] of FAILED_CONNECTOR)
    test(`${id} ${title}: it is started once more and fails again`, async () => {
      const handle = await connector(id.toLowerCase(), { 'connector.start.inject.error': 'true' }, ['FAILED', 'FAILED'])
      const before = counts(handle)
      const { status } = await restart(handle.name, request)
      // The reference answers 500 in the first form as well: the connector could not be started.
      assert.equal(status, request.onlyFailed || request.includeTasks ? 202 : 500)
      await expectStarts(handle, before, 1, each(0))
      await cluster.inState(handle.name, 'FAILED', 0)
    })

  const FAILED_TASKS: readonly (readonly [string, string, Restart, number, readonly number[], readonly number[]])[] = [
    ['R10', 'testFailedTasksRestartOnlyConnector', { onlyFailed: false, includeTasks: false }, 1, everyTask, each(0)],
    ['R11', 'testFailedTasksRestartOnlyTasks', { onlyFailed: true, includeTasks: true }, 0, everyTask, each(1)],
    [
      'R12',
      'testFailedTasksRestartWithoutIncludeTasksNoop',
      { onlyFailed: true, includeTasks: false },
      0,
      everyTask,
      each(0),
    ],
    [
      'R13',
      'testFailedTasksRestartBothConnectorAndTasks',
      { onlyFailed: false, includeTasks: true },
      1,
      everyTask,
      each(1),
    ],
    ['R14', 'testOneFailedTasksRestartOnlyOneTasks', { onlyFailed: true, includeTasks: true }, 0, [1], [0, 1, 0, 0]],
  ]
  for (const [id, title, request, connectorStarts, failed, taskStarts] of FAILED_TASKS)
    test(`${id} ${title}: tasks ${failed.join()} had failed; starts ${taskStarts.join()}`, async () => {
      const label = id.toLowerCase()
      const name = cluster.name(label)
      await cluster.configure(name, {
        'connector.class': 'MonitorableSourceConnector',
        'tasks.max': String(TASKS),
        topic,
        throughput: '10',
        ...failing(label, failed),
      })
      const handle = cluster.connector(name)
      const states = async (): Promise<string> =>
        ((await cluster.status(name)).tasks ?? []).map(({ state }) => state).join()
      const wanted = everyTask.map((task) => (failed.includes(task) ? 'FAILED' : 'RUNNING')).join()
      await until(`tasks are ${wanted}`, async () => (await states()) === wanted || (await states()))
      await handle.until('all were started', () => handle.starts === 1 && startsOf(handle).join() === each(1).join())
      const before = counts(handle)
      await restart(name, request)
      if (connectorStarts === 0 && taskStarts.every((starts) => starts === 0)) await expectNoStarts(handle, before)
      else await expectStarts(handle, before, connectorStarts, taskStarts)
      await until('the faults are still there', async () => (await states()) === wanted || (await states()))
    })
})
