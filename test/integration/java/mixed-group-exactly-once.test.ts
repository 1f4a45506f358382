import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { APIS } from 'naru/protocol'
import type { Status } from '../../acceptance/support/connect-cluster.ts'
import { until } from '../../acceptance/support/connect-cluster.ts'
import { KafkaWire } from '../support/kafka-wire.ts'
import type { Answer } from './support/ask-connect.ts'
import { MixedGroup } from './support/mixed-group.ts'

const NAMES = ['a', 'b', 'c', 'd']
const COMMITTED = { 'isolation.level': 'read_committed' }

/**
 * Sources move between a Java worker and one of Naru when either is killed. Both take part in the fencing rounds of the other: a follower asks the leader for
 * one before it starts a task.
 */
describe('exactly once in a group of a Java worker and one of Naru', () => {
  let group: MixedGroup
  const written = new Map(NAMES.map((name) => [name, 0]))
  before(async () => {
    group = await MixedGroup.start({ props: { 'exactly.once.source.support': 'enabled' }, child: true })
  })
  after(async () => await group?.[Symbol.asyncDispose]())

  const line = (name: string, n: number): string => `${name} ${n}`

  async function write(lines: number): Promise<void> {
    for (const name of NAMES) {
      const from = written.get(name)!
      written.set(name, from + lines)
      await group.write(name, ...Array.from({ length: lines }, (_, i) => line(name, from + i)))
    }
  }

  /** Every line that was written is in its topic, once. */
  async function complete(): Promise<void> {
    for (const [name, count] of written) {
      const expected = Array.from({ length: count }, (_, n) => line(name, n))
      await group.values(name, count, COMMITTED)
      const all = await group.cluster.kafka.contents(group.cluster.name(name), COMMITTED)
      assert.deepEqual(
        all.map(({ value }) => value),
        expected,
      )
    }
  }

  async function owners(): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    for (const name of NAMES) for (const { worker_id: id } of (await group.running(name, 1)).tasks) found.add(id)
    return found
  }

  /** Kills a worker while lines are being written, until what it had taken runs on the other one. */
  async function killed(
    kill: () => Promise<void>,
    survivor: () => MixedGroup['naru'] | MixedGroup['java'],
  ): Promise<void> {
    const stop = new AbortController()
    const writing = (async () => {
      while (!stop.signal.aborted) {
        await write(3)
        await new Promise((resolve) => setTimeout(resolve, 5)) // a steady stream, so that the kill falls into open transactions
      }
    })()
    try {
      const begun = written.get('a')! + 100
      await group.values('a', begun, COMMITTED)
      await kill()
      for (const name of NAMES) await group.runningOn(survivor(), name)
    } finally {
      stop.abort()
      await writing
    }
  }

  test('the Java worker leads: it fences for tasks of Naru, whose producers have the ids that Java would give them', async () => {
    await until('both are in the group', async () => (await group.leads()) === 'java')
    for (const [index, name] of NAMES.entries()) {
      await group.createFile(name)
      const url = index % 2 === 0 ? group.naru.url : group.java.url
      const own: Record<string, string> =
        name === 'd' ? { 'offsets.storage.topic': group.cluster.name('own-offsets') } : {}
      const config = {
        ...group.source(name),
        ...own,
        'exactly.once.support': 'required',
        'transaction.boundary': 'poll',
      }
      const { status, body } = await group.ask(url, 'PUT', `/connectors/${name}/config`, config)
      assert.equal(status, 201, JSON.stringify(body))
    }
    await until('both have tasks', async () => (await owners()).size === 2)
    await write(10)
    await complete()

    await using wire = await KafkaWire.connect(Number(new URL(`kafka://${group.cluster.kafka.bootstrap}`).port))
    const all = { stateFilters: [], producerIdFilters: [] }
    const { transactionStates } = await wire.send(APIS.ListTransactions, 0, all)
    const id = group.cluster.name('connect')
    const ids = transactionStates.map(({ transactionalId }) => transactionalId).filter((each) => each.includes(id))
    const tasks = NAMES.map((name) => `${id}-${name}-0`)
    assert.deepEqual(ids.filter((each) => tasks.includes(each)).sort(), tasks, JSON.stringify(ids))
    assert.deepEqual(
      ids.filter((each) => !tasks.includes(each)),
      [`connect-cluster-${id}`],
      'and the leader writes configs in transactions',
    )
  })

  test('the Java worker is killed: Naru leads and goes on, nothing is lost or repeated', async () => {
    await killed(
      () => group.java.kill(),
      () => group.naru,
    )
    await complete()
  })

  test('Naru leads: it fences for tasks of the Java worker, and takes configs for it in transactions', async () => {
    await group.java.start()
    await until('both have tasks', async () => (await owners()).size === 2)
    assert.equal(await group.leads(), 'naru')
    const config = (await group.ask(group.java.url, 'GET', '/connectors/b/config')).body as Record<string, string>
    const changed = { ...config, 'batch.size': '500' }
    const answer: Answer = await group.ask(group.java.url, 'PUT', '/connectors/b/config', changed)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    await until('the task has it', async () => {
      const { body } = await group.ask(group.java.url, 'GET', '/connectors/b/tasks')
      return JSON.stringify(body).includes('"batch.size":"500"') || body
    })
    assert.equal((await owners()).size, 2)
    await write(10)
    await complete()
  })

  test('Naru is killed: the Java worker leads and goes on, nothing is lost or repeated', async (t) => {
    await killed(
      () => group.naru.kill(),
      () => group.java,
    )
    for (const each of group.restarts) t.diagnostic(each)
    await complete()
    const { tasks } = (await group.ask(group.java.url, 'GET', '/connectors/d/status')).body as Status
    assert.equal(tasks[0]?.worker_id, group.java.workerId)
    await group.startNaru()
    for (const name of ['c', 'd']) {
      const filename = group.fileOf(name)
      const position = Array.from({ length: written.get(name)! }, (_, n) => line(name, n).length + 1).reduce(
        (a, b) => a + b,
      )
      await until(`both know the offset of ${name}`, async () => {
        const wanted = JSON.stringify({ offsets: [{ partition: { filename }, offset: { position } }] })
        const said = [group.java.url, group.naru.url].map(
          async (url) => (await group.ask(url, 'GET', `/connectors/${name}/offsets`)).body,
        )
        const found = (await Promise.all(said)).map((body) => JSON.stringify(body))
        return found.every((text) => text === wanted) || found
      })
    }
  })
})
