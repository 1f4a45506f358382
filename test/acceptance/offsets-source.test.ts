import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import testConnectors from '../connectors/index.ts'
import { TestKafka, startConnectCluster } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'
import { FRAMEWORK_ONLY, IN_FULL, OffsetRequests } from './support/offset-requests.ts'
import type { OffsetEntry } from './support/offset-requests.ts'

const TASKS = 2
const RECORDS = 10

describe('OffsetsApiIntegrationTest of sources', () => {
  let cluster: ConnectCluster
  let elsewhere: TestKafka
  /** Exactly once; its connectors are watched by REST alone. */
  let exact: ConnectCluster
  before(async () => {
    const common = { plugins: [testConnectors] }
    exact = await startConnectCluster({
      ...common,
      workerProps: { 'plugin.path': '', 'exactly.once.source.support': 'enabled' },
    })
    cluster = await startConnectCluster({ ...common, workerProps: { 'plugin.path': '' } })
    elsewhere = await TestKafka.start({ embedded: true })
  })
  after(async () => {
    await cluster[Symbol.asyncDispose]()
    await exact[Symbol.asyncDispose]()
    await elsewhere[Symbol.asyncDispose]()
  })

  interface Source {
    readonly name: string
    readonly of: ConnectCluster
    readonly offsets: OffsetRequests
    readonly config: Readonly<Record<string, string>>
    at(saved: number): readonly OffsetEntry[]
  }

  /** Two tasks that have made ten records each, and committed them. */
  async function source(
    label: string,
    overrides: Readonly<Record<string, string>> = {},
    { of = cluster, kafka = of.kafka }: { readonly of?: ConnectCluster; readonly kafka?: TestKafka } = {},
  ): Promise<Source> {
    const name = of.name(label)
    const topic = of.name(`${label}-topic`)
    await kafka.createTopic(topic)
    const config = {
      'connector.class': 'MonitorableSourceConnector',
      'tasks.max': String(TASKS),
      topic,
      'messages.per.poll': '5',
      'max.messages': String(RECORDS),
      ...overrides,
    }
    const made: Source = {
      ...{ name, of, config },
      offsets: new OffsetRequests(of, name),
      at: (saved) =>
        Array.from({ length: TASKS }, (_, task) => ({
          partition: { 'task.id': `${name}-${task}` },
          offset: { saved },
        })),
    }
    await of.configure(name, config)
    await made.offsets.become(made.at(RECORDS))
    return made
  }

  async function stopped({ name, of }: Source): Promise<void> {
    await of.transition(name, 'stop')
    await of.inState(name, 'STOPPED', 0)
    if (of !== cluster) return
    const handle = of.connector(name)
    await handle.until('its tasks have stopped', ({ tasks }) => tasks.every(({ starts, stops }) => stops >= starts))
  }

  const ownTopic = (label: string) => ({ 'offsets.storage.topic': cluster.name(`${label}-offsets`) })
  const targeted = () => ({
    'producer.override.bootstrap.servers': elsewhere.bootstrap,
    'consumer.override.bootstrap.servers': elsewhere.bootstrap,
    'admin.override.bootstrap.servers': elsewhere.bootstrap,
  })

  const READ: readonly (readonly [string, string, () => Promise<Source>])[] = [
    ['O5', 'testGetSourceConnectorOffsets', () => source('o5')],
    ['O6', 'testGetSourceConnectorOffsetsCustomOffsetsTopic', () => source('o6', ownTopic('o6'))],
    [
      'O7',
      'testGetSourceConnectorOffsetsDifferentKafkaClusterTargeted',
      () => source('o7', targeted(), { kafka: elsewhere }),
    ],
  ]
  for (const [id, title, start] of READ)
    test(`${id} ${title}: each task shows 10, then 20`, async () => {
      const { name, offsets, at, config } = await start()
      await cluster.configure(name, { ...config, 'max.messages': String(2 * RECORDS) })
      await offsets.become(at(2 * RECORDS))
    })

  const ALTER: readonly (readonly [string, string, () => Promise<Source>])[] = [
    ['O15', 'testAlterSourceConnectorOffsets', () => source('o15')],
    ['O16', 'testAlterSourceConnectorOffsetsCustomOffsetsTopic', () => source('o16', ownTopic('o16'))],
    [
      'O17',
      'testAlterSourceConnectorOffsetsDifferentKafkaClusterTargeted',
      () => source('o17', targeted(), { kafka: elsewhere }),
    ],
    ['O18', 'testAlterSourceConnectorOffsetsExactlyOnceSupportEnabled', () => source('o18', {}, { of: exact })],
  ]
  for (const [id, title, start] of ALTER)
    test(`${id} ${title}: altered, with the connector's part in it, and taken up when it is resumed`, async () => {
      const made = await start()
      const { name, of, offsets, at, config } = made
      await stopped(made)
      await offsets.alter(at(5), FRAMEWORK_ONLY.altered)
      await offsets.become(at(5))
      await of.configure(name, { ...config, 'alter.offsets.result': 'true' })
      await offsets.alter(at(7), IN_FULL.altered)
      await offsets.become(at(7))
      const before = of.connector(name).counts
      await of.transition(name, 'resume')
      await offsets.become(at(RECORDS))
      if (of === cluster) await of.connector(name).awaitRecords(TASKS * (RECORDS - 7), before)
    })

  test('O19 testAlterSourceConnectorOffsetsInvalidRequestBody: what cannot be read is refused, in the words of the reference', async () => {
    const name = cluster.name('o19')
    const config = {
      'connector.class': 'MonitorableSourceConnector',
      'tasks.max': '1',
      topic: cluster.name('o19-topic'),
    }
    await cluster.create(name, config, 'STOPPED')
    const offsets = new OffsetRequests(cluster, name)
    // The reference answers most of these with 500; a body that cannot be read is the caller's mistake.
    const bad: readonly (readonly [unknown, RegExp])[] = [
      [[], /Cannot deserialize value/],
      [{}, /^Partitions \/ offsets need to be provided for an alter offsets request$/],
      [{ key: [] }, /Unrecognized field/],
      [{ offsets: [] }, /^Partitions \/ offsets need to be provided for an alter offsets request$/],
      [{ offsets: {} }, /Cannot deserialize value/],
      [{ offsets: [123] }, /Cannot construct instance/],
      [{ offsets: [{ key: 'val' }] }, /Unrecognized field/],
      [{ offsets: [{ partition: [] }] }, /Cannot deserialize value/],
    ]
    for (const [body, expected] of bad) {
      const [status, message] = await offsets.refused(body)
      assert.equal(status, 400)
      assert.match(message, expected)
    }
  })

  const RESET: readonly (readonly [string, string, () => Promise<Source>])[] = [
    ['O24', 'testResetSourceConnectorOffsets', () => source('o24')],
    ['O25', 'testResetSourceConnectorOffsetsCustomOffsetsTopic', () => source('o25', ownTopic('o25'))],
    [
      'O26',
      'testResetSourceConnectorOffsetsDifferentKafkaClusterTargeted',
      () => source('o26', targeted(), { kafka: elsewhere }),
    ],
    ['O27', 'testResetSourceConnectorOffsetsExactlyOnceSupportEnabled', () => source('o27', {}, { of: exact })],
  ]
  for (const [id, title, start] of RESET)
    test(`${id} ${title}: gone, also when asked twice; everything comes again`, async () => {
      const made = await start()
      const { name, of, offsets, at } = made
      await stopped(made)
      for (let i = 0; i < 2; i++) {
        await offsets.reset(FRAMEWORK_ONLY.reset)
        assert.deepEqual(await offsets.list(), [])
      }
      const before = of.connector(name).counts
      await of.transition(name, 'resume')
      await offsets.become(at(RECORDS))
      if (of === cluster) await of.connector(name).awaitRecords(TASKS * RECORDS, before)
    })
})
