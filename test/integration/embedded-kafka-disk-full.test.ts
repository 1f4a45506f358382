import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { APIS, ErrorCode, RecordBatchBuilder, stampBatch } from 'naru/protocol'

import { newDataDir } from './support/embedded-kafka.ts'
import { BrokerProcess } from './support/kafka-broker-process.ts'
import { readTopic, TransactionSteps } from './support/kafka-transactions.ts'
import { KafkaWire } from './support/kafka-wire.ts'

const TOPIC = 'full'
const LIMIT_KIB = 64

/** Where file sizes cannot be limited, and the limit not lifted again, there is nothing to test. */
function cannotLimit(): string | false {
  try {
    execFileSync('prlimit', ['--pid', String(process.pid)], { stdio: 'ignore' })
    return false
  } catch {
    return 'needs prlimit'
  }
}

describe('a full disk', { skip: cannotLimit() }, () => {
  let dataDir: string
  beforeEach(() => {
    dataDir = newDataDir()
  })
  afterEach(() => fs.rmSync(dataDir, { recursive: true, force: true }))

  async function createTopic(wire: KafkaWire): Promise<void> {
    const topic = { name: TOPIC, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
    await wire.send(APIS.CreateTopics, 7, { topics: [topic] })
  }

  it('refuses what does not fit, acknowledges nothing of it, goes on in other partitions, and in this one when there is room again', async () => {
    const acknowledged: string[] = []
    {
      await using broker = await BrokerProcess.startLimited(dataDir, LIMIT_KIB)
      await using wire = await KafkaWire.connect(broker.port)
      await createTopic(wire)
      const { producerId } = await wire.send(APIS.InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 })
      const send = async (index: number, baseSequence: number, text: string) => {
        const builder = new RecordBatchBuilder()
        builder.append(Buffer.from('k'), Buffer.from(text), undefined, Date.now())
        const records = stampBatch(builder.finish(), { producerId, producerEpoch: 0, baseSequence })
        const topicData = [{ name: TOPIC, partitionData: [{ index, records }] }]
        const answer = await wire.send(APIS.Produce, 9, { acks: -1, timeoutMs: 1000, topicData })
        return answer.responses[0]!.partitionResponses[0]!
      }
      const produce = async (value: string, bytes = 5000): Promise<number> => {
        const text = `${value} ${'x'.repeat(bytes)}`
        const { errorCode, baseOffset } = await send(0, acknowledged.length, text)
        if (errorCode === 0) {
          assert.equal(baseOffset, acknowledged.length)
          acknowledged.push(text)
        }
        return errorCode
      }
      let refused = 0
      while (refused < 3) {
        const errorCode = await produce(`n${acknowledged.length}`)
        assert.equal(errorCode, refused === 0 && errorCode === 0 ? 0 : ErrorCode.KAFKA_STORAGE_ERROR)
        if (errorCode === 0) continue
        assert.equal((await send(1, refused, 'elsewhere')).errorCode, 0, 'another file has room')
        refused++
      }
      assert.ok(acknowledged.length >= 10)
      const read = await readTopic(wire, TOPIC, false)
      assert.deepEqual(
        [read.values, read.highWatermark],
        [acknowledged, acknowledged.length],
        'what is there is served',
      )
      // The broker looks again after a moment; a small record may find room where the large one did not.
      while ((await produce('small', 10)) !== 0);
      await broker.unlimit()
      while ((await produce('after')) !== 0);
      assert.deepEqual((await readTopic(wire, TOPIC, false)).values, acknowledged)
      await broker.kill()
    }
    await using broker = await BrokerProcess.start(dataDir)
    await using wire = await KafkaWire.connect(broker.port)
    assert.deepEqual(
      (await readTopic(wire, TOPIC, false)).values,
      acknowledged,
      'nothing of what was refused comes back',
    )
  })

  it('holds the end of a transaction back, not its decision', async () => {
    await using broker = await BrokerProcess.startLimited(dataDir, LIMIT_KIB)
    await using wire = await KafkaWire.connect(broker.port)
    await createTopic(wire)
    const txn = new TransactionSteps(wire, 't')
    const me = await txn.init()
    assert.equal(await txn.add(me, TOPIC), 0)
    // Down to the last bytes: a marker is larger than the smallest record.
    const values: string[] = []
    for (let bytes = 20_000; bytes >= 0;) {
      const { highWatermark } = await readTopic(wire, TOPIC, false)
      const value = 'x'.repeat(bytes)
      const errorCode = await txn.produce(me, TOPIC, [value])
      if (errorCode === 0) values.push(value)
      else bytes = bytes === 0 ? -1 : Math.floor(bytes / 3)
      const expected = errorCode === 0 ? highWatermark + 1 : highWatermark
      assert.equal((await readTopic(wire, TOPIC, false)).highWatermark, expected)
      if (errorCode !== 0) await new Promise((resolve) => setTimeout(resolve, 250)) // until the broker looks again
    }
    assert.equal(await txn.end(me, true), 0)
    assert.equal((await readTopic(wire, TOPIC, true)).lastStableOffset, 0)
    assert.equal(await txn.add(me, TOPIC), ErrorCode.CONCURRENT_TRANSACTIONS)
    await broker.unlimit()
    while ((await readTopic(wire, TOPIC, true)).lastStableOffset === 0) await new Promise(setImmediate)
    assert.deepEqual((await readTopic(wire, TOPIC, true)).values, values)
    assert.equal(await txn.end(me, true), 0)
  })
})
