import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { BrokerLab } from '../../cluster/support/broker-lab.ts'
import { isRunning } from '../../cluster/support/rest.ts'
import { until } from '../../cluster/support/until.ts'

/** Far above what is to be expected, and far below timeouts as transaction.timeout.ms and delivery.timeout.ms. */
const PAUSE_LIMIT_MS = 30_000
const TASKS: readonly (readonly [number, number])[] = [
  [1, 1],
  [2, 1],
]

describe('failures of brokers, exactly once', () => {
  let brokers: BrokerLab
  let round = 0

  before(async () => {
    brokers = await BrokerLab.start(TASKS[0]!)
  })
  after(() => brokers[Symbol.asyncDispose]())

  test('the leader of an internal topic is killed', async (t) => {
    await kill(t, await brokers.leaderOf(`${brokers.lab.topic}-configs`))
  })

  test('the coordinator of the group is killed', async (t) => {
    await kill(t, await brokers.coordinatorOf(brokers.lab.topic, 'group'))
  })

  test('the transaction coordinator of a task is killed', async (t) => {
    await kill(t, await brokers.coordinatorOf(`${brokers.lab.topic}-polls-0`, 'transaction'))
  })

  test('all brokers are restarted one after another', async (t) => {
    brokers.watch()
    for (let broker = 0; broker < 3; broker++) {
      await brokers.lab.brokers.stop(broker)
      await brokers.restart(broker + 1)
    }
    await brokers.flows()
    tell(t)
    await sound()
  })

  test('in the end every record is in the topic once and in order, and in the file', async (t) => {
    const { lab, file } = brokers
    await lab.finish()
    const { account } = lab.reader
    await until(() => account.lost(account.progress).length === 0, {
      timeoutMs: 90_000,
      describe: () => `lost: ${account.lost(account.progress).slice(0, 5).join('; ')}`,
    })
    await until(() => file.account.lost(account.progress).length === 0, {
      timeoutMs: 90_000,
      describe: () => `not in the file: ${file.account.lost(account.progress).slice(0, 5).join('; ')}`,
    })
    assert.equal(account.repeated, 0)
    assert.deepEqual(account.disordered, [])
    t.diagnostic(`${account.records} records, 0 lost, 0 repeated; the sink wrote ${file.account.repeated} twice`)
  })

  async function kill(t: TestContext, node: number): Promise<void> {
    const led = await brokers.ledBy(node)
    const elected = await brokers.kill(node)
    t.diagnostic(`node ${node} led ${led.join(', ')}; Kafka had other leaders after ${elected} ms`)
    tell(t)
    await brokers.lab.brokers.start(node - 1)
    await sound()
    await brokers.inSync()
  }

  function tell(t: TestContext): void {
    const { topic, file } = brokers.pauses
    t.diagnostic(`longest pause of a task's records: ${topic} ms into the topic, ${file} ms into the file`)
    t.diagnostic(`REST: ${brokers.rest.answers} answers, the slowest took ${brokers.rest.slowestMs} ms`)
    assert.ok(file < PAUSE_LIMIT_MS, `${file} ms`)
    assert.deepEqual(brokers.rest.refusals, [])
  }

  /** Nothing was lost or repeated so far; the group takes a new configuration and puts it to work. */
  async function sound(): Promise<void> {
    const { account } = brokers.lab.reader
    const reached = account.progress
    await until(() => account.lost(reached).length === 0, {
      timeoutMs: 90_000,
      describe: () => `lost: ${account.lost(reached).slice(0, 5).join('; ')}`,
    })
    assert.equal(account.repeated, 0, 'records that were seen twice')
    assert.deepEqual(account.disordered, [])
    const tasks = TASKS[++round % TASKS.length]!
    await brokers.configure(tasks)
    await until(async () => isRunning(await brokers.lab.rest.status('polls'), tasks[0]), {
      timeoutMs: 90_000,
      describe: async () => JSON.stringify(await brokers.lab.rest.status('polls')),
    })
    await brokers.flows()
    assert.deepEqual(brokers.rest.refusals, [])
  }
})
