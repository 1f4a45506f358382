import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { APIS, readBatches, RecordBatchBuilder, stampBatch } from 'naru/protocol'

import { newDataDir } from './support/embedded-kafka.ts'
import { BrokerProcess } from './support/kafka-broker-process.ts'
import { KafkaWire } from './support/kafka-wire.ts'

const TOPIC = 'survivor'

function batch(producerId: number, baseSequence: number, values: readonly string[]): Buffer {
  const builder = new RecordBatchBuilder()
  for (const value of values) builder.append(null, Buffer.from(value), undefined, Date.now())
  return stampBatch(builder.finish('none'), { producerId, producerEpoch: producerId < 0 ? -1 : 0, baseSequence })
}

async function produce(wire: KafkaWire, records: Buffer): Promise<readonly [errorCode: number, baseOffset: number]> {
  const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records }] }]
  const answer = await wire.send(APIS.Produce, 9, { acks: -1, timeoutMs: 1000, topicData })
  const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
  return [errorCode, baseOffset]
}

async function readAll(wire: KafkaWire): Promise<string[]> {
  const values: string[] = []
  for (let offset = 0; ;) {
    const partitions = [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1 << 20 }]
    const answer = await wire.send(APIS.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: TOPIC, partitions }],
    })
    const { records, highWatermark, errorCode } = answer.responses[0]!.partitions[0]!
    assert.equal(errorCode, 0)
    const read = readBatches(records!, { topic: TOPIC, partition: 0, from: offset, checkCrc: true })
    values.push(...read.records.map((record) => record.value!.toString()))
    offset = read.nextOffset
    if (offset >= highWatermark) return values
  }
}

describe('after kill -9 the embedded broker', () => {
  let dataDir: string
  beforeEach(() => {
    dataDir = newDataDir()
  })
  afterEach(() => fs.rmSync(dataDir, { recursive: true, force: true }))

  async function createTopic(wire: KafkaWire): Promise<void> {
    const topic = { name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [] }
    const configs = [{ name: 'segment.bytes', value: '20000' }]
    const { topics } = await wire.send(APIS.CreateTopics, 7, { topics: [{ ...topic, configs }] })
    assert.equal(topics[0]!.errorCode, 0)
  }

  it('has everything it acknowledged, in order, when killed in the middle of writing', async () => {
    const acknowledged: string[] = []
    for (let round = 0; round < 3; round++) {
      await using broker = await BrokerProcess.start(dataDir)
      await using wire = await KafkaWire.connect(broker.port)
      if (round === 0) await createTopic(wire)
      const present = await readAll(wire)
      assert.deepEqual(
        present.filter((value) => acknowledged.includes(value)),
        acknowledged,
        'nothing lost or doubled',
      )
      let sent = 0
      const writing = (async () => {
        for (;;) {
          const value = `${round}-${sent++} ${'x'.repeat(200)}`
          const answer = await produce(wire, batch(-1, -1, [value])).catch(() => undefined)
          if (answer === undefined) return
          assert.equal(answer[0], 0)
          acknowledged.push(value)
          if (sent === 300) void broker.kill()
        }
      })()
      await writing
    }
    assert.ok(acknowledged.length >= 900)
    await using broker = await BrokerProcess.start(dataDir)
    await using wire = await KafkaWire.connect(broker.port)
    const present = await readAll(wire)
    assert.deepEqual(
      present.filter((value) => acknowledged.includes(value)),
      acknowledged,
    )
  })

  it('cuts a torn tail and numbers on', async () => {
    {
      await using broker = await BrokerProcess.start(dataDir)
      await using wire = await KafkaWire.connect(broker.port)
      await createTopic(wire)
      assert.deepEqual(await produce(wire, batch(-1, -1, ['a', 'b'])), [0, 0])
      await broker.kill()
    }
    const dir = path.join(dataDir, 'logs', `${TOPIC}-0`)
    const log = path.join(
      dir,
      fs.readdirSync(dir).find((name) => name.endsWith('.log'))!,
    )
    fs.appendFileSync(log, fs.readFileSync(log).subarray(0, 70))
    await using broker = await BrokerProcess.start(dataDir)
    await using wire = await KafkaWire.connect(broker.port)
    assert.deepEqual(await produce(wire, batch(-1, -1, ['c'])), [0, 2])
    assert.deepEqual(await readAll(wire), ['a', 'b', 'c'])
  })

  it('knows the last batches of idempotent producers, gives out no producer id twice, and has committed offsets', async () => {
    const newProducer = async (wire: KafkaWire): Promise<number> =>
      (await wire.send(APIS.InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 })).producerId
    const topics = [{ name: TOPIC, partitions: [{ partitionIndex: 0, committedOffset: 2, committedMetadata: '' }] }]
    let producerId: number
    {
      await using broker = await BrokerProcess.start(dataDir)
      await using wire = await KafkaWire.connect(broker.port)
      await createTopic(wire)
      producerId = await newProducer(wire)
      assert.deepEqual(await produce(wire, batch(producerId, 0, ['a', 'b'])), [0, 0])
      assert.deepEqual(await produce(wire, batch(producerId, 2, ['c'])), [0, 2])
      const answer = await wire.send(APIS.OffsetCommit, 8, { groupId: 'g', topics })
      assert.equal(answer.topics[0]!.partitions[0]!.errorCode, 0)
      await broker.kill()
    }
    await using broker = await BrokerProcess.start(dataDir)
    await using wire = await KafkaWire.connect(broker.port)
    assert.deepEqual(await produce(wire, batch(producerId, 2, ['c'])), [0, 2], 'a duplicate')
    assert.deepEqual(await produce(wire, batch(producerId, 3, ['d'])), [0, 3])
    assert.deepEqual(await readAll(wire), ['a', 'b', 'c', 'd'])
    assert.notEqual(await newProducer(wire), producerId)
    const { groups } = await wire.send(APIS.OffsetFetch, 8, { groups: [{ groupId: 'g', topics: null }] })
    assert.equal(groups[0]!.topics[0]!.partitions[0]!.committedOffset, 2)
  })

  it('keeps its cluster id, topics with their ids and configs', async () => {
    const see = async (port: number) => {
      await using wire = await KafkaWire.connect(port)
      const { topics, clusterId } = await wire.send(APIS.Metadata, 12, {
        topics: [{ name: TOPIC }],
        allowAutoTopicCreation: false,
      })
      const resource = { resourceType: 2, resourceName: TOPIC, configurationKeys: ['segment.bytes'] }
      const { results } = await wire.send(APIS.DescribeConfigs, 4, { resources: [resource] })
      return [clusterId, topics[0]!.topicId, topics[0]!.errorCode, results[0]!.configs[0]!.value]
    }
    let before: Awaited<ReturnType<typeof see>>
    {
      await using broker = await BrokerProcess.start(dataDir)
      await using wire = await KafkaWire.connect(broker.port)
      await createTopic(wire)
      before = await see(broker.port)
      await broker.kill()
    }
    await using broker = await BrokerProcess.start(dataDir)
    assert.deepEqual(await see(broker.port), before)
    assert.equal(before[3], '20000')
  })
})
