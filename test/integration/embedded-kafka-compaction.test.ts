import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { APIS, readBatches, RecordBatchBuilder, stampBatch } from 'naru/protocol'

import { newDataDir } from './support/embedded-kafka.ts'
import { BrokerProcess } from './support/kafka-broker-process.ts'
import { KafkaWire } from './support/kafka-wire.ts'

const TOPIC = 'table'
/** Cleans all the time, and works on small files. */
const PROPERTIES = { 'log.cleaner.backoff.ms': '10' }
const CONFIGS = { 'cleanup.policy': 'compact', 'segment.bytes': '4000', 'min.cleanable.dirty.ratio': '0.01' }

describe('compacted topics of the embedded broker', () => {
  let dataDir: string
  beforeEach(() => {
    dataDir = newDataDir()
  })
  afterEach(() => fs.rmSync(dataDir, { recursive: true, force: true }))

  async function createTopic(wire: KafkaWire): Promise<void> {
    const configs = Object.entries(CONFIGS).map(([name, value]) => ({ name, value }))
    const topic = { name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs }
    await wire.send(APIS.CreateTopics, 7, { topics: [topic] })
  }

  /** Answers the offset, undefined when the broker is gone. */
  async function put(wire: KafkaWire, key: string, value: string | null): Promise<number | undefined> {
    const builder = new RecordBatchBuilder()
    builder.append(Buffer.from(key), value === null ? null : Buffer.from(value), undefined, Date.now())
    const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records: stampBatch(builder.finish()) }] }]
    const answer = await wire.send(APIS.Produce, 9, { acks: -1, timeoutMs: 1000, topicData }).catch(() => undefined)
    if (answer === undefined) return undefined
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
    assert.equal(errorCode, 0)
    return baseOffset
  }

  async function table(wire: KafkaWire) {
    const found = new Map<string, readonly [offset: number, value: string | null]>()
    let records = 0
    for (let offset = 0; ;) {
      const partitions = [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1 << 16 }]
      const request = { maxWaitMs: 0, minBytes: 0, topics: [{ topic: TOPIC, partitions }] }
      const answer = (await wire.send(APIS.Fetch, 12, request)).responses[0]!.partitions[0]!
      const read = readBatches(answer.records!, { topic: TOPIC, partition: 0, from: offset, checkCrc: true })
      for (const record of read.records) {
        records++
        found.set(record.key!.toString(), [record.offset, record.value?.toString() ?? null])
      }
      if (read.nextOffset >= answer.highWatermark) return { found, records, end: answer.highWatermark }
      assert.ok(read.nextOffset > offset)
      offset = read.nextOffset
    }
  }

  it('have the last value of each key under its offset, wherever kill -9 strikes', async (t) => {
    const expected = new Map<string, readonly [number, string | null]>()
    /** Written when the broker was killed: there or not. */
    let inDoubt: readonly [key: string, value: string | null] | undefined
    for (let round = 0; round < 3; round++) {
      await using broker = await BrokerProcess.start(dataDir, PROPERTIES)
      await using wire = await KafkaWire.connect(broker.port)
      await createTopic(wire)
      const { found } = await table(wire)
      if (inDoubt !== undefined && found.get(inDoubt[0])?.[1] === inDoubt[1])
        expected.set(inDoubt[0], found.get(inDoubt[0])!)
      assert.deepEqual(new Map([...found].sort()), new Map([...expected].sort()))
      for (let n = 0; ; n++) {
        if (n === 150) setTimeout(() => void broker.kill(), 7 * round)
        const key = `k${(n * 7) % 23}`
        const value = n % 11 === 0 ? null : `${round} ${n} ${'x'.repeat(n % 200)}`
        const offset = await put(wire, key, value)
        if (offset === undefined) {
          inDoubt = [key, value]
          break
        }
        expected.set(key, [offset, value])
      }
    }
    await using broker = await BrokerProcess.start(dataDir, PROPERTIES)
    await using wire = await KafkaWire.connect(broker.port)
    let state = await table(wire)
    while (state.records > 100) state = await table(wire)
    t.diagnostic(`${state.end} records written, ${state.records} left`)
    assert.equal(state.found.size, expected.size)
    const files = fs.readdirSync(path.join(dataDir, 'logs', `${TOPIC}-0`))
    assert.ok(files.filter((name) => name.endsWith('.log')).length < 20, files.join())
  })
})
