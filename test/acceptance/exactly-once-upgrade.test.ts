import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'

const SUPPORT = 'exactly.once.source.support'
const TASKS = 3

/** By task: its numbers, in the order of the topic's one partition. */
async function numbers(cluster: ConnectCluster, topic: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, number[]>()
  for (const { value } of await cluster.kafka.contents(topic, { 'isolation.level': 'read_committed' })) {
    const [, task = '', number] = /^value-(.*)-(\d+)$/.exec(value ?? '') ?? []
    found.set(task, [...(found.get(task) ?? []), Number(number)])
  }
  return found
}

// https://kafka.apache.org/documentation/#connect_exactlyoncesource: first all workers prepare, then all of them have it.
test('exactly-once support comes to a running cluster worker by worker: nothing is lost, and once all have it nothing is repeated', async () => {
  await using cluster = await startConnectCluster({
    workers: 2,
    workerProps: { [SUPPORT]: 'disabled', 'task.isolation': 'inline' },
  })
  const topic = await cluster.createTopic('upgraded')
  const name = cluster.name('upgraded')
  const config = { 'connector.class': 'MonitorableSourceConnector', 'tasks.max': String(TASKS), topic }
  const source = cluster.connector(name)
  const configure = (perPoll: number) =>
    cluster.configure(name, { ...config, throughput: '50', 'messages.per.poll': String(perPoll) })
  /** Until each task has committed `count` further records. */
  const moves = async (count: number): Promise<void> => {
    const before = Array.from({ length: TASKS }, (_, task) => source.task(task).counts)
    await Promise.all(before.map((counts, task) => source.task(task).awaitCommits(count, counts)))
  }
  await configure(5)
  await cluster.running(name, TASKS)
  await moves(20)
  let perPoll = 5
  for (const support of ['preparing', 'enabled']) {
    for (const old of [...cluster.workers]) {
      await cluster.removeWorker(old)
      await cluster.addWorker({ props: { [SUPPORT]: support } })
      await cluster.running(name, TASKS)
      await moves(5)
      // The leader's writes are transactions from "preparing" on, and workers that have not come so far read them.
      await configure(++perPoll)
      await cluster.running(name, TASKS)
    }
  }
  const upgraded = new Map([...(await numbers(cluster, topic))].map(([task, of]) => [task, Math.max(...of)]))
  // From here on whatever happens: a worker dies with a transaction open, tasks are restarted, a worker leaves.
  const dying = await cluster.addWorker({ props: { [SUPPORT]: 'enabled' }, child: true })
  await until('the new worker has a task', async () => {
    const { tasks } = await cluster.status(name)
    const ours = tasks.some((task) => task.worker_id === dying.workerId)
    return (ours && tasks.length === TASKS && tasks.every(({ state }) => state === 'RUNNING')) || tasks
  })
  await moves(10)
  await dying.kill()
  cluster.forget(dying)
  await until('its task runs elsewhere', async () => {
    const { tasks } = await cluster.status(name)
    return tasks.every((task) => task.worker_id !== dying.workerId && task.state === 'RUNNING') || tasks
  })
  await moves(10)
  await cluster.ask('POST', `/connectors/${name}/restart?includeTasks=true`)
  await cluster.removeWorker()
  await moves(10)
  await cluster.transition(name, 'stop')
  await cluster.inState(name, 'STOPPED', 0)
  for (const [task, all] of await numbers(cluster, topic)) {
    const distinct = [...new Set(all)].sort((a, b) => a - b)
    assert.deepEqual(
      distinct,
      distinct.map((_, i) => i + 1),
      `${task}: nothing is lost`,
    )
    const since = all.slice(all.lastIndexOf(upgraded.get(task)!) + 1)
    assert.ok(since.length >= 20, `${task}: ${since.length}`)
    assert.deepEqual(
      since,
      since.map((_, i) => upgraded.get(task)! + 1 + i),
      `${task}: in order, each once`,
    )
  }
})
