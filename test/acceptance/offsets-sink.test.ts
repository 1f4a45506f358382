import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import testConnectors from '../connectors/index.ts'
import { TestKafka, startConnectCluster, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'
import { FRAMEWORK_ONLY, IN_FULL, OffsetRequests } from './support/offset-requests.ts'
import type { OffsetEntry } from './support/offset-requests.ts'

const PARTITIONS = 5
const RECORDS = 10
const numbers = Array.from({ length: PARTITIONS }, (_, partition) => partition)

describe('OffsetsApiIntegrationTest of sinks', () => {
  let cluster: ConnectCluster
  let elsewhere: TestKafka
  before(async () => {
    cluster = await startConnectCluster({ plugins: [testConnectors], workerProps: { 'plugin.path': '' } })
    elsewhere = await TestKafka.start({ embedded: true })
  })
  after(async () => {
    await cluster[Symbol.asyncDispose]()
    await elsewhere[Symbol.asyncDispose]()
  })

  interface Sink {
    readonly name: string
    readonly topic: string
    readonly kafka: TestKafka
    readonly offsets: OffsetRequests
    readonly config: Readonly<Record<string, string>>
    at(offset: number, partitions?: readonly number[]): readonly OffsetEntry[]
    produce(): Promise<void>
  }

  /** With ten records in each of five partitions, all delivered and committed. */
  async function sink(
    label: string,
    overrides: Readonly<Record<string, string>> = {},
    kafka: TestKafka = cluster.kafka,
  ): Promise<Sink> {
    const name = cluster.name(label)
    const topic = cluster.name(`${label}-topic`)
    await kafka.createTopic(topic, PARTITIONS)
    const config = { 'connector.class': 'MonitorableSinkConnector', 'tasks.max': '2', topics: topic, ...overrides }
    const made: Sink = {
      ...{ name, topic, kafka, config },
      offsets: new OffsetRequests(cluster, name),
      at: (offset, partitions = numbers) =>
        partitions.map((partition) => ({
          partition: { kafka_topic: topic, kafka_partition: partition },
          offset: { kafka_offset: offset },
        })),
      produce: () =>
        kafka.produce(
          topic,
          numbers.flatMap((partition) =>
            Array.from({ length: RECORDS }, (_, n) => ({ value: `value${n}`, partition })),
          ),
        ),
    }
    await made.produce()
    await cluster.configure(name, config)
    await made.offsets.become(made.at(RECORDS))
    return made
  }

  async function stopped({ name }: Sink): Promise<void> {
    const handle = cluster.connector(name)
    await cluster.transition(name, 'stop')
    await cluster.inState(name, 'STOPPED', 0)
    await handle.until('its tasks have stopped', ({ tasks }) => tasks.every(({ starts, stops }) => stops >= starts))
  }

  /** The other cluster, for everything that the connector's own clients do. */
  const targeted = (): Readonly<Record<string, string>> => ({
    'consumer.override.bootstrap.servers': elsewhere.bootstrap,
    'admin.override.bootstrap.servers': elsewhere.bootstrap,
  })

  test('O1 testGetNonExistentConnectorOffsets: 404', async () => {
    const answer = await new OffsetRequests(cluster, 'none').refused(undefined, 'GET')
    assert.deepEqual(answer, [404, 'Connector none not found'])
  })

  const READ: readonly (readonly [string, string, () => Promise<Sink>])[] = [
    ['O2', 'testGetSinkConnectorOffsets', () => sink('o2')],
    [
      'O3',
      'testGetSinkConnectorOffsetsOverriddenConsumerGroupId',
      () => sink('o3', { 'consumer.override.group.id': cluster.name('o3-group') }),
    ],
    ['O4', 'testGetSinkConnectorOffsetsDifferentKafkaClusterTargeted', () => sink('o4', targeted(), elsewhere)],
  ]
  for (const [id, title, start] of READ)
    test(`${id} ${title}: each partition shows 10, then 20`, async () => {
      const { name, offsets, at, produce, kafka, config } = await start()
      await produce()
      await offsets.become(at(2 * RECORDS))
      const own = await kafka.clients.admin().describeGroup(`connect-${name}`)
      assert.equal(own.state === 'Dead', 'consumer.override.group.id' in config)
    })

  test('O8 testAlterOffsetsNonExistentConnector: 404', async () => {
    const offsets = [{ partition: { kafka_topic: 't', kafka_partition: 0 }, offset: { kafka_offset: 1 } }]
    assert.deepEqual(await new OffsetRequests(cluster, 'none').refused({ offsets }), [404, 'Connector none not found'])
  })

  test('O9 testAlterOffsetsNonStoppedConnector: refused while it is running or paused', async () => {
    const { name, offsets, at } = await sink('o9')
    for (const state of ['RUNNING', 'PAUSED']) {
      if (state === 'PAUSED') {
        await cluster.transition(name, 'pause')
        await cluster.inState(name, 'PAUSED', 2)
      }
      const [status, message] = await offsets.refused({ offsets: at(5) })
      assert.equal(status, 400)
      assert.match(message, /^Connectors must be in the STOPPED state before their offsets can be modified\./)
    }
  })

  const ALTER: readonly (readonly [string, string, () => Promise<Sink>])[] = [
    ['O10', 'testAlterSinkConnectorOffsets', () => sink('o10')],
    [
      'O11',
      'testAlterSinkConnectorOffsetsOverriddenConsumerGroupId',
      () => sink('o11', { 'consumer.override.group.id': cluster.name('o11-group') }),
    ],
    ['O12', 'testAlterSinkConnectorOffsetsDifferentKafkaClusterTargeted', () => sink('o12', targeted(), elsewhere)],
  ]
  for (const [id, title, start] of ALTER)
    test(`${id} ${title}: altered, with the connector's part in it, and taken up when it is resumed`, async () => {
      const made = await start()
      const { name, offsets, at, config, topic } = made
      await stopped(made)
      const others = numbers.slice(1)
      const removed: OffsetEntry = { partition: { kafka_topic: topic, kafka_partition: 0 }, offset: null }
      await offsets.alter([removed, ...at(5, others)], FRAMEWORK_ONLY.altered)
      await offsets.become(at(5, others))

      await cluster.configure(name, { ...config, 'alter.offsets.result': 'true' })
      await offsets.alter(at(3, others), IN_FULL.altered)
      await offsets.become(at(3, others))

      const before = cluster.connector(name).counts
      await cluster.transition(name, 'resume')
      await cluster.connector(name).awaitRecords(RECORDS + (PARTITIONS - 1) * (RECORDS - 3), before)
      await offsets.become(at(RECORDS))
    })

  test('O13 testAlterSinkConnectorOffsetsZombieSinkTasks and O23 testResetSinkConnectorOffsetsZombieSinkTasks: refused while somebody is still in the group', async () => {
    const made = await sink('o13')
    const { name, topic, offsets, at } = made
    await stopped(made)
    // A task of this runtime that will not stop is ended before such a request is served; a zombie comes from elsewhere.
    await using zombie = cluster.kafka.clients.consumer({ 'group.id': `connect-${name}`, 'session.timeout.ms': '6000' })
    zombie.subscribe([topic], {
      assigned: async () => undefined,
      revoked: async () => undefined,
      lost: async () => undefined,
    })
    const polling = new AbortController()
    const polled = (async () => {
      while (!polling.signal.aborted) await zombie.poll({ timeoutMs: 100 })
    })()
    await until('it has joined', async () => {
      const { state, members } = await cluster.kafka.clients.admin().describeGroup(`connect-${name}`)
      return (state === 'Stable' && members.length === 1) || state
    })
    for (const [method, body] of [
      ['PATCH', { offsets: at(5) }],
      ['DELETE', undefined],
    ] as const) {
      const [status, message] = await offsets.refused(body, method)
      assert.equal(status, 500)
      assert.match(message, /zombie sink task/)
    }
    polling.abort()
    await polled
    await zombie[Symbol.asyncDispose]()
    await offsets.alter(at(5), FRAMEWORK_ONLY.altered)
    await offsets.become(at(5))
  })

  test('O14 testAlterSinkConnectorOffsetsInvalidRequestBody: says what is wrong with it', async () => {
    const name = cluster.name('o14')
    const topic = await cluster.createTopic('o14-topic')
    const config = { 'connector.class': 'MonitorableSinkConnector', 'tasks.max': '1', topics: topic }
    await cluster.create(name, config, 'STOPPED')
    const offsets = new OffsetRequests(cluster, name)
    const partition = { kafka_topic: topic, kafka_partition: 0 }
    const offset = { kafka_offset: 1 }
    const bad: readonly (readonly [OffsetEntry | { readonly offset: object }, RegExp])[] = [
      [{ partition: null, offset }, /^The partition for a sink connector offset cannot be null or missing$/],
      [{ offset }, /^The partition for a sink connector offset cannot be null or missing$/],
      [
        { partition: { kafka_partition: 0 }, offset },
        /^The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'$/,
      ],
      [
        { partition: { kafka_topic: topic }, offset },
        /^The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'$/,
      ],
      [
        { partition: { kafka_topic: null, kafka_partition: 0 }, offset },
        /^Kafka topic names must be valid strings and may not be null$/,
      ],
      [
        { partition: { kafka_topic: topic, kafka_partition: 'not a number' }, offset },
        /^Failed to parse the following Kafka partition value in the provided offsets: 'not a number'\. Partition values for sink connectors need to be integers\.$/,
      ],
      [
        { partition, offset: { key: 'value' } },
        /^The offset for a sink connector should either be null or contain the key 'kafka_offset'$/,
      ],
      [
        { partition, offset: { kafka_offset: 'not a number' } },
        /^Failed to parse the following Kafka offset value in the provided offsets: 'not a number'\. Offset values for sink connectors need to be integers\.$/,
      ],
    ]
    for (const [entry, expected] of bad) {
      const [status, message] = await offsets.refused({ offsets: [entry] })
      assert.equal(status, 400)
      assert.match(message, expected)
    }
    // Numbers may come as text.
    await offsets.alter(
      [{ partition: { kafka_topic: topic, kafka_partition: '0' }, offset: { kafka_offset: '1' } }],
      FRAMEWORK_ONLY.altered,
    )
    await offsets.become([{ partition, offset }])
  })

  const RESET: readonly (readonly [string, string, () => Promise<Sink>])[] = [
    ['O20', 'testResetSinkConnectorOffsets', () => sink('o20')],
    [
      'O21',
      'testResetSinkConnectorOffsetsOverriddenConsumerGroupId',
      () => sink('o21', { 'consumer.override.group.id': cluster.name('o21-group') }),
    ],
    ['O22', 'testResetSinkConnectorOffsetsDifferentKafkaClusterTargeted', () => sink('o22', targeted(), elsewhere)],
  ]
  for (const [id, title, start] of RESET)
    test(`${id} ${title}: gone, also when asked twice; everything comes again`, async () => {
      const made = await start()
      const { name, offsets, at } = made
      await stopped(made)
      for (let i = 0; i < 2; i++) {
        await offsets.reset(FRAMEWORK_ONLY.reset)
        assert.deepEqual(await offsets.list(), [])
      }
      const before = cluster.connector(name).counts
      await cluster.transition(name, 'resume')
      await cluster.connector(name).awaitRecords(PARTITIONS * RECORDS, before)
      await offsets.become(at(RECORDS))
    })
})
