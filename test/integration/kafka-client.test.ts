import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Consumer } from '../../runtime/kafka/consumer.ts'
import type { FetchedRecord, TopicPartition } from '../../runtime/kafka/fetcher.ts'
import type { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import { COMPRESSION_TYPES } from '../../runtime/kafka/records/compression.ts'
import { KafkaUnderTest } from './support/kafka-under-test.ts'

let kafka: KafkaUnderTest
before(async () => {
  kafka = await KafkaUnderTest.start()
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
})

async function read(
  clients: KafkaClients,
  topic: string,
  partition: number,
  count: number,
): Promise<readonly FetchedRecord[]> {
  await using fetcher = clients.fetcher()
  fetcher.assign([{ topic, partition, offset: 'earliest' }])
  const records: FetchedRecord[] = []
  const deadline = Date.now() + 60_000
  while (records.length < count && Date.now() < deadline) records.push(...(await fetcher.poll({ timeoutMs: 1000 })))
  return records
}

describe('producer and fetcher', () => {
  for (const compression of COMPRESSION_TYPES) {
    test(`records come back as they were sent, compression ${compression}`, async () => {
      const topic = await kafka.topic()
      await using producer = kafka.clients.producer({ 'compression.type': compression })
      const sent = Array.from({ length: 300 }, (_, i) => ({
        topic,
        key: i % 3 === 0 ? null : Buffer.from(`key ${i}`),
        value: i % 7 === 0 ? null : Buffer.from(`value ${i} `.repeat(i % 50)),
        headers:
          i % 2 === 0
            ? []
            : [
                { key: 'härder', value: Buffer.from([i % 256]) },
                { key: 'none', value: null },
              ],
        timestamp: 1_700_000_000_000 + i * 1000,
      }))
      const metadata = await producer.sendAndWait(sent)
      assert.deepEqual(
        metadata.map(({ offset }) => offset),
        sent.map((_, i) => i),
      )
      const found = await read(kafka.clients, topic, 0, sent.length)
      assert.deepEqual(
        found.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })),
        sent.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })),
      )
      assert.equal(found[0]!.timestampType, 'CreateTime')
    })
  }

  test('keys go to the partition that Java clients choose', async () => {
    const topic = await kafka.topic(10)
    await using producer = kafka.clients.producer()
    const metadata = await producer.sendAndWait(
      ['21', 'foobar', 'a-little-bit-long-string'].map((key) => ({ topic, key: Buffer.from(key), value: null })),
    )
    // murmur2 of these keys, from the Java client's UtilsTest
    const expected = [-973932308, -790332482, -985981536].map((hash) => (hash & 0x7fffffff) % 10)
    assert.deepEqual(
      metadata.map(({ partition }) => partition),
      expected,
    )
  })

  test('a record that is too large fails alone, and the error names the setting', async () => {
    const topic = await kafka.topic()
    await using producer = kafka.clients.producer({ 'max.request.size': '10000' })
    const failed: Error[] = []
    let delivered = 0
    const values = [10, 20_000, 30].map((size) => ({ topic, key: null, value: Buffer.alloc(size) }))
    await producer.send(values, {
      delivered: (records) => void (delivered += records.length),
      failed: (_records, error) => void failed.push(error),
    })
    await producer.flush()
    assert.equal(delivered, 2)
    assert.equal(failed.length, 1)
    assert.match(failed[0]!.message, /max\.request\.size/)
  })

  test('a fetcher begins where it is told, stands still while paused, and goes where it is sent', async () => {
    const topic = await kafka.topic()
    await using producer = kafka.clients.producer()
    await producer.sendAndWait(
      Array.from({ length: 20 }, (_, i) => ({ topic, key: null, value: Buffer.from(String(i)) })),
    )
    await using fetcher = kafka.clients.fetcher()
    fetcher.assign([{ topic, partition: 0, offset: 15 }])
    const first = await fetcher.poll({ timeoutMs: 10_000 })
    assert.deepEqual(
      first.map(({ offset }) => offset),
      [15, 16, 17, 18, 19],
    )
    assert.equal(fetcher.position(topic, 0), 20)
    fetcher.seek(topic, 0, 3)
    fetcher.pause([{ topic, partition: 0 }])
    assert.deepEqual(await fetcher.poll({ timeoutMs: 100 }), [])
    fetcher.resume([{ topic, partition: 0 }])
    const again = await fetcher.poll({ timeoutMs: 10_000, maxRecords: 4 })
    assert.deepEqual(
      again.map(({ offset }) => offset),
      [3, 4, 5, 6],
    )
    assert.equal(fetcher.position(topic, 0), 7)
  })

  test('an offset that is not in the log is answered by auto.offset.reset', async () => {
    const topic = await kafka.topic()
    await using producer = kafka.clients.producer()
    await producer.sendAndWait([{ topic, key: null, value: Buffer.from('only') }])
    await using lenient = kafka.clients.fetcher({ 'auto.offset.reset': 'earliest' })
    lenient.assign([{ topic, partition: 0, offset: 99 }])
    assert.equal((await lenient.poll({ timeoutMs: 10_000 })).length, 1)
    await using strict = kafka.clients.fetcher({ 'auto.offset.reset': 'none' })
    strict.assign([{ topic, partition: 0, offset: 99 }])
    await assert.rejects(strict.poll({ timeoutMs: 10_000 }), /OFFSET_OUT_OF_RANGE/)
  })

  test('a waiting poll ends when its signal aborts', async () => {
    const topic = await kafka.topic()
    await using fetcher = kafka.clients.fetcher()
    fetcher.assign([{ topic, partition: 0, offset: 'latest' }])
    const abort = new AbortController()
    const polled = fetcher.poll({ timeoutMs: 60_000, signal: abort.signal })
    abort.abort()
    assert.deepEqual(await polled, [])
  })
})

/** Polls for ever until it has what the test wants; remembers what it was assigned. */
class PollingConsumer implements AsyncDisposable {
  readonly values: string[] = []
  readonly consumer: Consumer
  owned: readonly TopicPartition[] = []
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  constructor(clients: KafkaClients, topic: string | RegExp, groupId: string) {
    this.consumer = clients.consumer({
      'group.id': groupId,
      'auto.offset.reset': 'earliest',
      'heartbeat.interval.ms': '200',
      'session.timeout.ms': '10000',
    })
    this.consumer.subscribe(typeof topic === 'string' ? [topic] : topic, {
      assigned: async (partitions) => void (this.owned = partitions),
      revoked: async (partitions) => {
        await this.#commit(partitions)
        this.owned = []
      },
      lost: async () => void (this.owned = []),
    })
    this.#running = this.#run()
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 60_000
    while (!condition()) {
      assert.ok(
        Date.now() < deadline,
        `never came true; ${this.values.length} records, owns ${JSON.stringify(this.owned)}`,
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.#commit(this.consumer.assignment())
    await this.consumer[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const { value } of await this.consumer.poll({ timeoutMs: 1000, signal: this.#stop.signal }))
        this.values.push(String(value))
    }
  }

  async #commit(partitions: readonly TopicPartition[]): Promise<void> {
    await this.consumer.commit(
      partitions.flatMap(({ topic, partition }) => {
        const offset = this.consumer.position(topic, partition)
        return offset === undefined ? [] : [{ topic, partition, offset }]
      }),
    )
  }
}

async function produceNumbers(topic: string, partitions: number, from: number, to: number): Promise<void> {
  await using producer = kafka.clients.producer()
  await producer.sendAndWait(
    Array.from({ length: to - from }, (_, i) => ({
      topic,
      partition: (from + i) % partitions,
      key: null,
      value: Buffer.from(String(from + i)),
    })),
  )
}

describe('consumer', () => {
  test('a group shares the partitions, hands them over, and goes on where it had committed', async () => {
    const topic = await kafka.topic(4)
    const groupId = `group-${randomUUID()}`
    await produceNumbers(topic, 4, 0, 100)
    await using first = new PollingConsumer(kafka.clients, topic, groupId)
    await first.until(() => first.values.length === 100)
    assert.equal(first.owned.length, 4)
    {
      await using second = new PollingConsumer(kafka.clients, topic, groupId)
      await second.until(() => first.owned.length === 2 && second.owned.length === 2)
      assert.deepEqual([...first.owned, ...second.owned].map(({ partition }) => partition).sort(), [0, 1, 2, 3])
      await produceNumbers(topic, 4, 100, 200)
      await second.until(() => first.values.length + second.values.length === 200)
      assert.equal(second.values.length, 50)
      assert.equal(new Set([...first.values, ...second.values]).size, 200)
    }
    await first.until(() => first.owned.length === 4)
    await produceNumbers(topic, 4, 200, 240)
    await first.until(() => first.values.length === 190)
    assert.equal(new Set(first.values).size, 190)
  })

  test('a committed offset is where the next consumer of the group begins', async () => {
    const topic = await kafka.topic()
    const groupId = `group-${randomUUID()}`
    await produceNumbers(topic, 1, 0, 10)
    {
      await using consumer = new PollingConsumer(kafka.clients, topic, groupId)
      await consumer.until(() => consumer.values.length === 10)
      const [committed] = await consumer.consumer.committed([{ topic, partition: 0 }])
      assert.equal(committed!.offset, undefined)
    }
    assert.deepEqual(await kafka.clients.admin().listGroupOffsets(groupId), [{ topic, partition: 0, offset: 10 }])
    await kafka.clients.admin().alterGroupOffsets(groupId, [{ topic, partition: 0, offset: 7 }])
    await using again = new PollingConsumer(kafka.clients, topic, groupId)
    await again.until(() => again.values.length === 3)
    assert.deepEqual(again.values, ['7', '8', '9'])
  })

  test('a pattern subscribes to the topics whose whole name matches', async () => {
    const topic = await kafka.topic(2)
    const other = await kafka.topic()
    await using consumer = new PollingConsumer(kafka.clients, new RegExp(topic), `group-${randomUUID()}`)
    await consumer.until(() => consumer.owned.length === 2)
    assert.ok(!consumer.owned.some((partition) => partition.topic === other))
  })

  test('positions can be set while the assignment is taken', async () => {
    const topic = await kafka.topic()
    await produceNumbers(topic, 1, 0, 10)
    await using consumer = kafka.clients.consumer({
      'group.id': `group-${randomUUID()}`,
      'auto.offset.reset': 'latest',
    })
    consumer.subscribe([topic], {
      assigned: async () => consumer.seek(topic, 0, 8),
      revoked: async () => undefined,
      lost: async () => undefined,
    })
    const values: string[] = []
    while (values.length < 2) {
      for (const { value } of await consumer.poll({ timeoutMs: 5000 })) values.push(String(value))
    }
    assert.deepEqual(values, ['8', '9'])
    assert.deepEqual(consumer.lag(), [{ topic, partition: 0, lag: 0 }])
  })
})

describe('group member', () => {
  test('two members of any protocol type get what the leader decides, and hear of a third', async () => {
    const groupId = `group-${randomUUID()}`
    const member = () =>
      kafka.clients.groupMember({
        groupId,
        protocolType: 'connect',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 20_000,
        heartbeatIntervalMs: 200,
        clientId: 'worker',
        logger: { debug() {}, info() {}, warn() {}, error() {}, child: () => assert.fail() },
      })
    const join = (who: ReturnType<typeof member>, name: string) =>
      who.join(
        [{ name: 'sessioned', metadata: Buffer.from(name) }],
        (members) =>
          new Map(
            members.map(({ memberId, metadata }) => [
              memberId,
              Buffer.from(`work of ${metadata} among ${members.length}`),
            ]),
          ),
      )
    await using a = member()
    const alone = await join(a, 'a')
    assert.equal(String(alone.assignment), 'work of a among 1')
    assert.ok(alone.isLeader)
    await using b = member()
    const joiningB = join(b, 'b')
    assert.equal(await a.nextEvent(), 'rebalance')
    const [joinedA, joinedB] = await Promise.all([join(a, 'a'), joiningB])
    assert.equal(String(joinedA.assignment), 'work of a among 2')
    assert.equal(String(joinedB.assignment), 'work of b among 2')
    assert.equal(joinedA.generation, joinedB.generation)
    assert.equal(joinedA.leaderId, joinedB.leaderId)
    await b.leave()
    assert.equal(await a.nextEvent(), 'rebalance')
    assert.equal(String((await join(a, 'a')).assignment), 'work of a among 1')
  })
})

describe('admin', () => {
  test('topics are created once, described, changed and deleted', async () => {
    const admin = kafka.clients.admin()
    const name = `test-${randomUUID()}`
    assert.equal(await admin.partitions(name), undefined)
    assert.equal(
      await admin.createTopic({ name, partitions: 3, replicationFactor: 1, configs: { 'cleanup.policy': 'compact' } }),
      true,
    )
    assert.equal(await admin.createTopic({ name, partitions: 5 }), false)
    const [description] = await admin.describeTopics([name, 'does-not-exist'])
    assert.equal(description!.partitions.length, 3)
    assert.equal((await admin.describeTopicConfig(name))['cleanup.policy'], 'compact')
    await admin.alterTopicConfig(name, { 'cleanup.policy': null, 'retention.ms': '1234567' })
    // brokers learn of a change a moment after the controller has taken it
    await eventually(async () => (await admin.describeTopicConfig(name))['retention.ms'] === '1234567')
    assert.equal((await admin.describeTopicConfig(name))['cleanup.policy'], 'delete')
    await admin.createPartitions(name, 4)
    assert.ok((await admin.listTopics()).includes(name))
    await admin.deleteTopics([name, 'does-not-exist'])
    await eventually(async () => (await admin.partitions(name)) === undefined)
    await assert.rejects(admin.describeTopicConfig(name), { code: 'NOT_FOUND' })
  })

  test('offsets are listed at both ends and by time', async () => {
    const topic = await kafka.topic()
    await using producer = kafka.clients.producer()
    await producer.sendAndWait([1000, 2000, 3000].map((timestamp) => ({ topic, key: null, value: null, timestamp })))
    const at = async (spec: 'earliest' | 'latest' | number) =>
      (await kafka.clients.admin().listOffsets([{ topic, partition: 0 }], spec))[0]!.offset
    assert.deepEqual([await at('earliest'), await at('latest'), await at(1500), await at(9999)], [0, 3, 1, -1])
  })

  test('committed offsets of an empty group are set, listed and deleted', async () => {
    const admin = kafka.clients.admin()
    const topic = await kafka.topic(2)
    const groupId = `group-${randomUUID()}`
    await admin.alterGroupOffsets(groupId, [
      { topic, partition: 0, offset: 5 },
      { topic, partition: 1, offset: 6 },
    ])
    await admin.deleteGroupOffsets(groupId, [{ topic, partition: 0 }])
    assert.deepEqual(await admin.listGroupOffsets(groupId), [{ topic, partition: 1, offset: 6 }])
    assert.equal((await admin.describeGroup(groupId)).state, 'Empty')
    await admin.deleteGroups([groupId])
    assert.equal((await admin.describeGroup(groupId)).state, 'Dead')
  })

  test('the cluster tells its id and nodes', async () => {
    const { clusterId, nodes } = await kafka.clients.admin().describeCluster()
    assert.ok(clusterId.length > 0 && nodes.length > 0)
    assert.equal(await kafka.clients.clusterId(), clusterId)
  })
})

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, 'never came true')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
