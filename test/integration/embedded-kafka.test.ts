import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, describe, it } from 'node:test'

import { ThreadedKafka } from '@naru/embedded/kafka/threaded'
import type { EmbeddedKafka } from '@naru/embedded/kafka'
import { CompressionTypes } from 'kafkajs'
import type { Kafka } from 'kafkajs'
import { APIS, ErrorCode } from 'naru/protocol'

import { kafkajs, newDataDir, startKafka } from './support/embedded-kafka.ts'
import { KafkaWire } from './support/kafka-wire.ts'

describe('kafkajs on the embedded broker', () => {
  let scope: Awaited<ReturnType<typeof startKafka>>
  let kafka: EmbeddedKafka
  let client: Kafka

  before(async () => {
    scope = await startKafka()
    kafka = scope.kafka
    client = kafkajs(kafka.bootstrap)
  })
  after(() => scope[Symbol.asyncDispose]())

  /** Sends `count` numbered messages. */
  async function produce(
    topic: string,
    count: number,
    options: { idempotent?: boolean; gzip?: boolean } = {},
  ): Promise<void> {
    const { idempotent = false, gzip = false } = options
    const producer = client.producer({ idempotent, maxInFlightRequests: 1, allowAutoTopicCreation: true })
    await producer.connect()
    const messages = Array.from({ length: count }, (_, i) => ({
      key: `k${i % 7}`,
      value: `v${i}`,
      headers: { n: `${i}` },
    }))
    await producer.send({ topic, messages, compression: gzip ? CompressionTypes.GZIP : CompressionTypes.None })
    await producer.disconnect()
  }

  /** Reads `count` messages as a member of a group, commits, leaves. */
  async function consume(topic: string, count: number, groupId: string): Promise<string[]> {
    const consumer = client.consumer({ groupId, maxWaitTimeInMs: 100, retry: { retries: 5, initialRetryTime: 20 } })
    const values: string[] = []
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ message }) => {
            values.push(message.value!.toString())
            if (values.length === count) resolve()
          },
        })
        .catch(reject)
    })
    await consumer.stop()
    await consumer.disconnect()
    return values
  }

  for (const [title, options] of [
    ['plain', {}],
    ['compressed', { gzip: true }],
    ['idempotent', { idempotent: true }],
  ] as const) {
    it(`produces ${title} messages and consumes them in a group`, async () => {
      const topic = `messages-${title}`
      await produce(topic, 100, options)
      const values = await consume(topic, 100, `readers-${title}`)
      assert.deepEqual(
        values,
        Array.from({ length: 100 }, (_, i) => `v${i}`),
      )
    })
  }

  it('goes on from the committed offset', async () => {
    await produce('continued', 10)
    await consume('continued', 10, 'continuing')
    await produce('continued', 3)
    assert.deepEqual(await consume('continued', 3, 'continuing'), ['v0', 'v1', 'v2'])
  })

  it('spreads partitions over the members of a group and gives them to those who stay', async () => {
    const admin = client.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'spread', numPartitions: 4 }] })
    const consumers = [0, 1].map(() =>
      client.consumer({ groupId: 'spreading', heartbeatInterval: 100, maxWaitTimeInMs: 100 }),
    )
    const assigned = consumers.map(() => new Set<number>())
    const changed = new EventTarget()
    for (const [i, consumer] of consumers.entries()) {
      await consumer.connect()
      await consumer.subscribe({ topic: 'spread' })
      consumer.on('consumer.group_join', ({ payload }) => {
        assigned[i] = new Set(payload.memberAssignment['spread'] ?? [])
        changed.dispatchEvent(new Event('join'))
      })
      await consumer.run({ eachMessage: async () => {} })
    }
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise((resolve) => changed.addEventListener('join', resolve, { once: true }))
    }
    await until(() => assigned[0]!.size === 2 && assigned[1]!.size === 2)
    const { groups } = await admin.describeGroups(['spreading'])
    assert.deepEqual([groups[0]!.state, groups[0]!.members.length], ['Stable', 2])
    await consumers[0]!.disconnect()
    await until(() => assigned[1]!.size === 4)
    await consumers[1]!.disconnect()
    assert.equal((await admin.describeGroups(['spreading'])).groups[0]!.members.length, 0)
    await admin.disconnect()
  })

  it('administers topics, configs, offsets and groups', async () => {
    const admin = client.admin()
    await admin.connect()
    const configEntries = [{ name: 'retention.ms', value: '60000' }]
    const made = await admin.createTopics({ topics: [{ topic: 'administered', numPartitions: 2, configEntries }] })
    assert.ok(made)
    assert.equal(await admin.createTopics({ topics: [{ topic: 'administered' }] }), false)
    await admin.createPartitions({ topicPartitions: [{ topic: 'administered', count: 3 }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: ['administered'] })
    assert.equal(topics[0]!.partitions.length, 3)
    const { resources } = await admin.describeConfigs({
      ...{ includeSynonyms: false },
      resources: [{ type: 2, name: 'administered', configNames: ['retention.ms'] }],
    })
    assert.equal(resources[0]!.configEntries[0]!.configValue, '60000')
    await produce('administered', 9)
    await admin.setOffsets({ groupId: 'set', topic: 'administered', partitions: [{ partition: 0, offset: '1' }] })
    const offsets = await admin.fetchOffsets({ groupId: 'set', topics: ['administered'] })
    assert.equal(offsets[0]!.partitions.find((p) => p.partition === 0)!.offset, '1')
    assert.ok((await admin.listGroups()).groups.some(({ groupId }) => groupId === 'set'))
    await admin.deleteGroups(['set'])
    await admin.deleteTopicRecords({ topic: 'administered', partitions: [{ partition: 0, offset: '-1' }] })
    const ends = await admin.fetchTopicOffsets('administered')
    assert.equal(ends[0]!.low, ends[0]!.high)
    await admin.deleteTopics({ topics: ['administered'] })
    assert.ok(!(await admin.listTopics()).includes('administered'))
    await admin.disconnect()
  })

  describe('with faults', () => {
    const faults = [
      ['the connection is cut', { kind: 'cut' }],
      ['the connection is cut after the write', { kind: 'cut-after' }],
      ['the answer is late', { kind: 'delay', ms: 50 }],
      [
        'the broker says it does not lead the partition',
        { kind: 'error', errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER },
      ],
    ] as const
    for (const [title, fault] of faults) {
      it(`an idempotent producer writes once although ${title}`, async () => {
        const topic = `fault-${fault.kind}`
        await produce(topic, 1, { idempotent: true })
        const before = kafka.controls.requests(APIS.Produce.key)
        kafka.controls.inject(APIS.Produce.key, fault, { times: 1 })
        await produce(topic, 5, { idempotent: true })
        assert.ok(kafka.controls.requests(APIS.Produce.key) > before)
        const admin = client.admin()
        await admin.connect()
        assert.equal((await admin.fetchTopicOffsets(topic))[0]!.high, '6')
        await admin.disconnect()
      })
    }

    it('a partition that is not served can be written when it is again', async () => {
      await produce('unserved', 1)
      kafka.controls.stopServing('unserved', 0)
      const before = kafka.controls.requests(APIS.Metadata.key)
      const produced = produce('unserved', 1)
      while (kafka.controls.requests(APIS.Metadata.key) < before + 3)
        await new Promise((resolve) => setImmediate(resolve))
      kafka.controls.serve('unserved', 0)
      await produced
    })
  })
})

describe('the embedded broker', () => {
  it('refuses a port that is taken and a folder that is in use', async () => {
    await using scope = await startKafka()
    await assert.rejects(startKafka({ port: scope.kafka.port }), { code: 'EADDRINUSE' })
  })

  it('closes at once although consumers wait', async () => {
    const scope = await startKafka()
    await using wire = await KafkaWire.connect(scope.kafka.port)
    await wire.send(APIS.Metadata, 9, { topics: [{ name: 't' }] })
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }]
    const fetching = wire.send(APIS.Fetch, 12, { maxWaitMs: 60_000, minBytes: 1, topics: [{ topic: 't', partitions }] })
    await using other = await KafkaWire.connect(scope.kafka.port)
    await other.send(APIS.ApiVersions, 0, {})
    const start = performance.now()
    await scope[Symbol.asyncDispose]()
    assert.ok(performance.now() - start < 20_000, 'long before maxWaitMs')
    assert.equal((await fetching).responses[0]!.partitions[0]!.errorCode, 0, 'what waits is answered')
  })

  it('warns of broker properties that it does not know', async () => {
    const warnings: string[] = []
    const logger = {
      debug() {},
      info() {},
      warn: (text: string) => void warnings.push(text),
      error() {},
      child: () => logger,
    }
    await using _scope = await startKafka({ logger, defaults: { 'num.partitionz': 3, 'log.retention.ms': 'long' } })
    assert.equal(warnings.length, 2)
    assert.match(warnings.join(), /num\.partitionz.*log\.retention\.ms/)
  })

  it('runs in a thread of its own', async () => {
    const dataDir = newDataDir()
    try {
      await using kafka = await ThreadedKafka.start({ dataDir, defaults: { 'num.partitions': 3 } })
      const fault = { kind: 'error', errorCode: ErrorCode.TOPIC_ALREADY_EXISTS } as const
      kafka.command({ kind: 'inject', apiKey: APIS.CreateTopics.key, fault, options: { times: 1 } })
      const admin = kafkajs(kafka.bootstrap).admin()
      await admin.connect()
      assert.equal(await admin.createTopics({ topics: [{ topic: 'threaded' }] }), false, 'the fault took effect')
      assert.equal(await admin.createTopics({ topics: [{ topic: 'threaded' }] }), true)
      assert.equal((await admin.fetchTopicMetadata({ topics: ['threaded'] })).topics[0]!.partitions.length, 3)
      await admin.disconnect()
    } finally {
      fs.rmSync(dataDir, { recursive: true, force: true })
    }
  })

  it('tells why its thread could not start', async () => {
    await using scope = await startKafka()
    const dataDir = newDataDir()
    await assert.rejects(ThreadedKafka.start({ dataDir, port: scope.kafka.port }), { code: 'EADDRINUSE' })
    fs.rmSync(dataDir, { recursive: true, force: true })
  })
})
