import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from '../../../runtime/kafka/admin.ts'
import { clientOptions } from '../../../runtime/kafka/client-options.ts'
import { Cluster } from '../../../runtime/kafka/cluster.ts'
import type { Coordinated } from '../../../runtime/kafka/cluster.ts'
import { KafkaClients } from '../../../runtime/kafka/kafka-clients.ts'
import { RestWatch } from '../../cluster/support/rest-watch.ts'
import { isRunning } from '../../cluster/support/rest.ts'
import { SequenceFile } from '../../cluster/support/sequence-file.ts'
import { SequenceLab } from '../../cluster/support/sequence-lab.ts'
import { until } from '../../cluster/support/until.ts'
import { SILENT } from '../support/kafka-under-test.ts'

/** So many units after a failure say that a task goes on. */
const UNITS = 20
/** Far above what is to be expected, and far below timeouts as transaction.timeout.ms and delivery.timeout.ms. */
const PAUSE_LIMIT_MS = 30_000
const TASKS: readonly (readonly [number, number])[] = [
  [1, 1],
  [2, 1],
]

/**
 * Three brokers of Apache Kafka with a session of 3 s (broker.session.timeout.ms; 9 s by default): for so long Kafka itself does not know that
 * a killed broker is gone. Two workers, exactly-once sources into one topic, and a sink of it into a file.
 */
describe('failures of brokers, exactly once', () => {
  let lab: SequenceLab
  let file: SequenceFile
  let rest: RestWatch
  let admin: Admin
  const stack = new AsyncDisposableStack()
  let round = 0

  before(async () => {
    lab = stack.use(await SequenceLab.start({ workers: 2, exactlyOnce: true, kafka: 'apache' }))
    const path = join(lab.dir, 'sink.out')
    file = stack.use(new SequenceFile(path))
    const props = { 'bootstrap.servers': lab.brokers.bootstrap, 'metadata.max.age.ms': '100' }
    admin = stack.use(new KafkaClients({ props, logger: SILENT })).admin()
    await lab.configure(TASKS[0]!)
    await lab.put('out', {
      'connector.class': 'FileStreamSink',
      topics: lab.topic,
      file: path,
      'consumer.override.isolation.level': 'read_committed',
    })
    await flows()
    rest = stack.use(new RestWatch(lab.rest.urls, ['/connectors/polls/status', '/connectors/out/tasks', '/connectors']))
  })
  after(() => stack.disposeAsync())

  test('the leader of an internal topic is killed', async (t) => {
    const [topic] = await admin.describeTopics([`${lab.topic}-configs`])
    await kill(t, topic!.partitions[0]!.leader)
  })

  test('the coordinator of the group is killed', async (t) => {
    await kill(t, await coordinator(lab.topic, 'group'))
  })

  test('the transaction coordinator of a task is killed', async (t) => {
    await kill(t, await coordinator(`${lab.topic}-polls-0`, 'transaction'))
  })

  test('all brokers are restarted one after another', async (t) => {
    watch()
    for (let broker = 0; broker < 3; broker++) {
      await lab.brokers.stop(broker)
      await lab.brokers.start(broker)
      await inSync()
    }
    await flows()
    tell(t)
    await sound()
  })

  test('in the end every record is in the topic once and in order, and in the file', async (t) => {
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
    const led = await ledBy(node)
    watch()
    const killedAt = performance.now()
    await lab.brokers.kill(node - 1)
    const elected = elections(node, killedAt)
    await flows()
    t.diagnostic(`node ${node} led ${led.join(', ')}; Kafka had other leaders after ${await elected} ms`)
    tell(t)
    await lab.brokers.start(node - 1)
    await sound()
    await inSync()
  }

  function watch(): void {
    lab.reader.account.flow.watch()
    file.account.flow.watch()
    rest.watch()
  }

  function tell(t: TestContext): void {
    const topic = lab.reader.account.flow.longestPauseMs(names())
    const sink = file.account.flow.longestPauseMs(names())
    t.diagnostic(`longest pause of a task's records: ${topic} ms into the topic, ${sink} ms into the file`)
    t.diagnostic(`REST: ${rest.answers} answers, the slowest took ${rest.slowestMs} ms`)
    assert.ok(sink < PAUSE_LIMIT_MS, `${sink} ms`)
    assert.deepEqual(rest.refusals, [])
  }

  /** Nothing was lost or repeated so far; the group takes a new configuration and puts it to work. */
  async function sound(): Promise<void> {
    const { account } = lab.reader
    const reached = account.progress
    await until(() => account.lost(reached).length === 0, {
      timeoutMs: 90_000,
      describe: () => `lost: ${account.lost(reached).slice(0, 5).join('; ')}`,
    })
    assert.equal(account.repeated, 0, 'records that were seen twice')
    assert.deepEqual(account.disordered, [])
    round++
    await lab.configure(tasks())
    await until(async () => isRunning(await lab.rest.status('polls'), tasks()[0]), {
      timeoutMs: 90_000,
      describe: async () => JSON.stringify(await lab.rest.status('polls')),
    })
    await flows()
    assert.deepEqual(rest.refusals, [])
  }

  function tasks(): readonly [number, number] {
    return TASKS[round % TASKS.length]!
  }

  function names(): readonly string[] {
    return tasks()[0] === 2 ? ['polls-0', 'polls-1', 'timed-0'] : ['polls-0', 'timed-0']
  }

  /** Resolves when new units of each task have come to the file. */
  async function flows(): Promise<void> {
    const before = lab.reader.account.progress
    const behind = (): readonly string[] =>
      names().filter((task) => (file.account.progress[task] ?? 0) < (before[task] ?? 0) + UNITS)
    await until(() => behind().length === 0, {
      timeoutMs: 90_000,
      everyMs: 50,
      describe: async () =>
        `${behind().join()} get on: ${JSON.stringify(await Promise.all(['polls', 'timed', 'out'].map((name) => lab.rest.status(name))))}`,
    })
  }

  function topics(): readonly string[] {
    const own = ['', '-configs', '-offsets', '-status'].map((suffix) => lab.topic + suffix)
    return [...own, '__consumer_offsets', '__transaction_state']
  }

  async function ledBy(node: number): Promise<readonly string[]> {
    return (await admin.describeTopics(topics())).flatMap(({ name, partitions }) =>
      partitions.filter(({ leader }) => leader === node).map(({ partition }) => `${name}-${partition}`),
    )
  }

  /** Milliseconds since `since` until no partition is led by the node. */
  async function elections(node: number, since: number): Promise<number> {
    while ((await ledBy(node)).length > 0) await delay(50)
    return Math.round(performance.now() - since)
  }

  async function inSync(): Promise<void> {
    await until(
      async () =>
        (await admin.describeTopics(topics())).every(({ partitions }) =>
          partitions.every(({ isr }) => isr.length === 3),
        ),
      { timeoutMs: 90_000, describe: async () => JSON.stringify(await admin.describeTopics(topics())) },
    )
  }

  async function coordinator(key: string, of: Coordinated): Promise<number> {
    await using cluster = new Cluster(clientOptions({ 'bootstrap.servers': lab.brokers.bootstrap }), SILENT)
    return await cluster.coordinator(key, undefined, of)
  }
})
