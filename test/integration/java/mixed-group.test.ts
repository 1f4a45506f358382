import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { Props } from '../../../runtime/api/index.ts'
import { startConnectCluster, until } from '../../acceptance/support/connect-cluster.ts'
import type { ClusterWorker, ConnectCluster, Status } from '../../acceptance/support/connect-cluster.ts'
import { JavaWorker } from './support/java-distributed.ts'

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** A worker of Kafka Connect 4.3.1 and one of Naru in one group, with Java's file connectors there and ours here under the same names. */
describe('a group of a Java worker and one of Naru', () => {
  let folder: string
  let cluster: ConnectCluster
  let java: JavaWorker
  let naru: ClusterWorker
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'naru-mixed-'))
    cluster = await startConnectCluster({ workers: 0, workerProps: { 'session.timeout.ms': '6000' } })
    const { 'plugin.path': _, listeners: __, ...props } = cluster.props()
    java = await JavaWorker.start({ folder, props })
    naru = await cluster.addWorker()
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    await java?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function ask(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
    for (;;) {
      const response = await fetch(url + path, {
        method,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
      const text = await response.text()
      // The Java worker refuses while a rebalance is on.
      if (response.status === 409 && /rebalance|stale/.test(text)) {
        await new Promise((resolve) => setTimeout(resolve, 250))
        continue
      }
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
    }
  }

  async function running(name: string, tasks: number): Promise<Status> {
    let found: Status | undefined
    for (const url of [java.url, naru.url])
      await until(`${name} runs, says ${url}`, async () => {
        const { status, body } = await ask(url, 'GET', `/connectors/${name}/status`)
        found = body as Status
        const done =
          status === 200 &&
          found.connector.state === 'RUNNING' &&
          found.tasks.length === tasks &&
          found.tasks.every(({ state }) => state === 'RUNNING')
        return done || body
      })
    return found!
  }

  async function leads(): Promise<'java' | 'naru' | undefined> {
    const text = await (await fetch(`${naru.url}/metrics`)).text()
    const value = /^kafka_connect_connect_worker_rebalance_metrics_leader(?:\{\})? (\d)$/m.exec(text)?.[1]
    return value === undefined ? undefined : value === '1' ? 'naru' : 'java'
  }

  const source = (name: string): Props => ({
    'connector.class': 'FileStreamSource',
    'tasks.max': '1',
    file: join(folder, `${name}.in`),
    topic: cluster.name(name),
  })
  const write = async (name: string, ...lines: readonly string[]): Promise<void> =>
    await appendFile(join(folder, `${name}.in`), lines.map((line) => `${line}\n`).join(''))
  const values = async (name: string, count: number): Promise<readonly (string | null)[]> =>
    (await cluster.kafka.consume(cluster.name(name), count)).map(({ value }) => value)

  test('the Java worker leads: either forwards to the other, work is shared, and both say the same', async () => {
    await until('both are in the group', async () => (await leads()) === 'java')
    const names = ['a', 'b', 'c', 'd']
    for (const [index, name] of names.entries()) {
      await writeFile(join(folder, `${name}.in`), '')
      const url = index % 2 === 0 ? naru.url : java.url
      const { status, body } = await ask(url, 'PUT', `/connectors/${name}/config`, source(name))
      assert.equal(status, 201, JSON.stringify(body))
    }
    const owners = new Set<string>()
    for (const name of names) {
      const { connector, tasks } = await running(name, 1)
      owners.add(connector.worker_id)
      owners.add(tasks[0]!.worker_id)
      await write(name, `1 ${name}`, `2 ${name}`)
      assert.deepEqual(await values(name, 2), [`1 ${name}`, `2 ${name}`])
    }
    assert.deepEqual([...owners].sort(), [java.workerId, naru.workerId].sort())
    for (const path of ['/connectors/a/config', '/connectors/a', '/connectors/a/tasks'])
      assert.deepEqual(await ask(naru.url, 'GET', path), await ask(java.url, 'GET', path))
  })

  test("Java's sink and ours share a consumer group", async () => {
    const topic = await cluster.createTopic('shared', 2)
    const file = join(folder, 'shared.out')
    const config = { 'connector.class': 'FileStreamSink', 'tasks.max': '2', file, topics: topic }
    assert.equal((await ask(java.url, 'PUT', '/connectors/shared/config', config)).status, 201)
    const { tasks } = await running('shared', 2)
    assert.equal(new Set(tasks.map((task) => task.worker_id)).size, 2, 'one task on each worker')
    const records = Array.from({ length: 100 }, (_, i) => ({ value: `line ${i}`, partition: i % 2 }))
    await cluster.kafka.produce(topic, records)
    await until('all lines are in the file', async () => {
      const lines = (await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n')
      return lines.length === 100 && new Set(lines).size === 100 ? true : lines.length
    })
  })

  test('the Java worker goes: Naru leads, and goes on behind the offsets of the other', async () => {
    await java.stop()
    await until('Naru leads', async () => (await leads()) === 'naru')
    for (const name of ['a', 'b', 'c', 'd']) {
      await until(`${name} runs here`, async () => {
        const { tasks } = (await naru.ask<Status>('GET', `/connectors/${name}/status`)).body
        return tasks.every((task) => task.state === 'RUNNING' && task.worker_id === naru.workerId) || tasks
      })
      await write(name, `3 ${name}`)
      assert.deepEqual(
        await values(name, 3),
        [1, 2, 3].map((n) => `${n} ${name}`),
      )
    }
  })

  test('the Java worker comes back: Naru leads on, and work moves to the other behind its own offsets', async () => {
    await java.start()
    const { status } = await ask(java.url, 'PUT', '/connectors/a/pause')
    assert.equal(status, 202)
    const owners = new Set<string>()
    await until('both have work', async () => {
      owners.clear()
      for (const name of ['b', 'c', 'd']) for (const { worker_id: id } of (await running(name, 1)).tasks) owners.add(id)
      return owners.size === 2 || [...owners]
    })
    assert.equal(await leads(), 'naru')
    assert.equal((await ask(java.url, 'PUT', '/connectors/a/resume')).status, 202)
    for (const name of ['a', 'b', 'c', 'd']) {
      await running(name, 1)
      await write(name, `4 ${name}`)
      assert.deepEqual(
        await values(name, 4),
        [1, 2, 3, 4].map((n) => `${n} ${name}`),
      )
    }
    // Forwarded from the Java worker to the leader, and signed task configs the other way.
    const changed = { ...source('b'), 'batch.size': '7' }
    assert.equal((await ask(java.url, 'PUT', '/connectors/b/config', changed)).status, 200)
    await until('the task has it', async () => {
      const { body } = await ask(java.url, 'GET', '/connectors/b/tasks')
      return JSON.stringify(body).includes('"batch.size":"7"') || body
    })
    await running('b', 1)
  })

  test('Naru goes: the Java worker leads, and goes on behind the offsets of Naru', async () => {
    await cluster.removeWorker(naru)
    for (const name of ['a', 'b', 'c', 'd']) {
      await until(`${name} runs there`, async () => {
        const { status, body } = await ask(java.url, 'GET', `/connectors/${name}/status`)
        if (status !== 200) return body
        const { tasks } = body as Status
        return tasks.every((task) => task.state === 'RUNNING' && task.worker_id === java.workerId) || tasks
      })
      await write(name, `5 ${name}`)
      assert.deepEqual(
        await values(name, 5),
        [1, 2, 3, 4, 5].map((n) => `${n} ${name}`),
      )
    }
    await until('the offset is committed', async () => {
      const { body } = await ask(java.url, 'GET', '/connectors/d/offsets')
      const wanted = { offsets: [{ partition: { filename: join(folder, 'd.in') }, offset: { position: 20 } }] }
      return isDeepStrictEqual(body, wanted) || body
    })
  })
})
