import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { murmur2 } from '../../../runtime/kafka/partitioner.ts'
import { Producer } from '../../../runtime/kafka/producer.ts'
import type { PartitionProduceResult, ProduceBatches } from '../../../runtime/kafka/producer-cluster.ts'
import { parseProducerOptions } from '../../../runtime/kafka/producer-options.ts'
import type { DeliveryListener, ProducerRecord } from '../../../runtime/kafka/producer.ts'
import { ErrorCode } from '../../../runtime/kafka/protocol/error-codes.ts'
import { createLogger } from '../../../runtime/telemetry/logger.ts'
import { ScriptedCluster } from './support/scripted-cluster.ts'
import type { Answer } from './support/scripted-cluster.ts'

class Outcome implements DeliveryListener {
  readonly delivered_: string[] = []
  readonly failures: { value: string; error: Error }[] = []
  delivered(records: readonly ProducerRecord[]): void {
    this.delivered_.push(...records.map((record) => String(record.value)))
  }
  failed(records: readonly ProducerRecord[], error: Error): void {
    for (const record of records) this.failures.push({ value: String(record.value), error })
  }
}

const logger = createLogger({ level: 'error' })
const FAST = { 'linger.ms': '0', 'retry.backoff.ms': '1', 'retry.backoff.max.ms': '2' }
const numbered = (from: number, to: number, size = 0): ProducerRecord[] =>
  Array.from({ length: to - from }, (_, i) => ({
    topic: 't',
    partition: 0,
    key: null,
    value: Buffer.from(String(from + i).padEnd(size, '.')),
  }))
const values = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i))

describe('producer', () => {
  test('delivers in order, over several batches and sends', async () => {
    const cluster = new ScriptedCluster()
    const outcome = new Outcome()
    const producer = new Producer({ options: parseProducerOptions({ ...FAST, 'batch.size': '100' }), cluster, logger })
    for (let i = 0; i < 1_000; i += 100) await producer.send(numbered(i, i + 100), outcome)
    await producer[Symbol.asyncDispose]()
    assert.deepEqual(cluster.logs.get('t-0'), values(0, 1_000))
    assert.deepEqual(outcome.delivered_, values(0, 1_000))
    assert.equal(producer.bufferedBytes, 0)
  })

  for (const idempotent of ['true', 'false'])
    test(`keeps order over random faults, idempotence ${idempotent}`, async () => {
      const cluster = new ScriptedCluster()
      const outcome = new Outcome()
      const producer = new Producer({
        options: parseProducerOptions({ ...FAST, 'batch.size': '64', 'enable.idempotence': idempotent }),
        cluster,
        logger,
      })
      const faults: Answer[] = [
        'lost before',
        'lost after',
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        0,
        ErrorCode.REQUEST_TIMED_OUT,
        0,
      ]
      for (let i = 0; i < 60; i++) cluster.faults.push(faults[(i * 7 + (i % 5)) % faults.length]!)
      for (let i = 0; i < 500; i += 10) await producer.send(numbered(i, i + 10), outcome)
      await producer.flush()
      const log = cluster.logs.get('t-0')!
      const firstSeen = [...new Set(log)]
      assert.deepEqual(firstSeen, values(0, 500))
      if (idempotent === 'true') assert.equal(log.length, 500, 'nothing twice')
      assert.deepEqual(outcome.delivered_, values(0, 500))
      assert.deepEqual(outcome.failures, [])
      await producer[Symbol.asyncDispose]()
    })

  test('a broker that lost the sequence gets a new producer id, nothing is lost', async () => {
    const cluster = new ScriptedCluster()
    const outcome = new Outcome()
    const producer = new Producer({ options: parseProducerOptions(FAST), cluster, logger })
    await producer.sendAndWait(numbered(0, 5))
    cluster.faults.push(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
    await producer.send(numbered(5, 9), outcome)
    await producer.flush()
    assert.deepEqual(cluster.logs.get('t-0'), values(0, 9))
    assert.deepEqual(
      [...cluster.sequences],
      [
        ['t-0/1', 5],
        ['t-0/2', 4],
      ],
    )
    await producer[Symbol.asyncDispose]()
  })

  test('a pause for a broker that refused does not hold up its successor', async () => {
    class Moving extends ScriptedCluster {
      leader = 1
      readonly tried: number[] = []
      override partitions(): readonly { readonly leader: number }[] {
        return [{ leader: this.leader }]
      }
      override async refresh(): Promise<void> {
        if (this.tried.length > 0) this.leader = 2
      }
      override async produce(node: number, request: ProduceBatches): Promise<readonly PartitionProduceResult[]> {
        this.tried.push(node)
        return await super.produce(node, request)
      }
      reachableAt(node: number): number {
        return node === 1 && this.tried.length > 0 ? Date.now() + 3_600_000 : 0
      }
    }
    const cluster = new Moving()
    cluster.faults.push('lost before')
    const patient = { ...FAST, 'retry.backoff.ms': '3600000', 'retry.backoff.max.ms': '3600000' }
    await using producer = new Producer({ options: parseProducerOptions(patient), cluster, logger })
    await producer.sendAndWait(numbered(0, 1))
    assert.deepEqual(cluster.tried, [1, 2])
  })

  test('halves a batch that the broker finds too large, and stays below from then on', async () => {
    const cluster = new ScriptedCluster()
    const producer = new Producer({ options: parseProducerOptions({ ...FAST, 'batch.size': '300' }), cluster, logger })
    cluster.maxBytes = 600
    const offsets = await producer.sendAndWait(numbered(0, 40, 50))
    assert.deepEqual(
      offsets.map(({ offset }) => offset),
      values(0, 40).map(Number),
    )
    assert.equal(cluster.logs.get('t-0')!.length, 40)
    await producer[Symbol.asyncDispose]()
  })

  for (const [memory, limit] of [
    [32 * 2 ** 20, 2 ** 20],
    [4_000_001, 250_000],
    [100_000, 16_384],
  ] as const)
    test(`a batch that waits grows up to ${limit} bytes with buffer.memory=${memory}`, async () => {
      const cluster = new ScriptedCluster()
      const gate = Promise.withResolvers<void>()
      cluster.held = gate.promise
      const options = parseProducerOptions({ ...FAST, 'buffer.memory': String(memory) })
      const producer = new Producer({ options, cluster, logger })
      const outcome = new Outcome()
      const size = 1000
      const count = Math.ceil((limit * 2.5) / size)
      await producer.send(numbered(0, 1, size), outcome)
      while (cluster.requests === 0) await new Promise((resolve) => setImmediate(resolve))
      await producer.send(numbered(1, count, size), outcome)
      gate.resolve()
      await producer.flush()
      assert.equal(outcome.delivered_.length, count)
      const largest = Math.max(...cluster.batches)
      assert.ok(largest <= limit && largest > limit - 2 * size, `${largest} of ${limit}`)
      await producer[Symbol.asyncDispose]()
    })

  test('a record larger than max.request.size fails alone and names the setting', async () => {
    const cluster = new ScriptedCluster()
    const outcome = new Outcome()
    const producer = new Producer({
      options: parseProducerOptions({ ...FAST, 'max.request.size': '1000' }),
      cluster,
      logger,
    })
    await producer.send([...numbered(0, 1), ...numbered(1, 2, 2_000), ...numbered(2, 3)], outcome)
    await producer.flush()
    assert.deepEqual(cluster.logs.get('t-0'), ['0', '2'])
    assert.match(outcome.failures[0]!.error.message, /max\.request\.size=1000/)
    await producer[Symbol.asyncDispose]()
  })

  test('a fatal answer fails its batch only; later records go on', async () => {
    const cluster = new ScriptedCluster()
    const outcome = new Outcome()
    const producer = new Producer({ options: parseProducerOptions(FAST), cluster, logger })
    cluster.faults.push(ErrorCode.INVALID_RECORD)
    await assert.rejects(producer.sendAndWait(numbered(0, 3)), { kafkaName: 'INVALID_RECORD' })
    await producer.send(numbered(3, 5), outcome)
    await producer.flush()
    assert.deepEqual(cluster.logs.get('t-0'), ['3', '4'])
    assert.deepEqual([...cluster.sequences], [['t-0/1', 2]], 'the numbers of the refused batch went to the next one')
    await producer[Symbol.asyncDispose]()
  })

  test('a batch given up that may have been written leaves no number to the next, which would pass for it', async () => {
    const cluster = new ScriptedCluster()
    const outcome = new Outcome()
    const short = { ...FAST, 'request.timeout.ms': '20', 'delivery.timeout.ms': '50' }
    await using producer = new Producer({ options: parseProducerOptions(short), cluster, logger })
    cluster.faults.push('lost after', ...Array.from({ length: 10_000 }, () => 'lost before' as const))
    await assert.rejects(producer.sendAndWait(numbered(0, 3)), /delivery\.timeout\.ms=50/)
    cluster.faults.length = 0
    await producer.send(numbered(3, 6), outcome)
    await producer.flush()
    assert.deepEqual(outcome.delivered_, values(3, 6))
    assert.deepEqual(cluster.logs.get('t-0'), values(0, 6))
  })

  test('the next waiting batch is on its way before whoever waited for room goes on', async () => {
    const cluster = new ScriptedCluster()
    const [first, next] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    cluster.held = first.promise
    const options = parseProducerOptions({ ...FAST, 'buffer.memory': '100000', 'batch.size': '16384' })
    const producer = new Producer({ options, cluster, logger })
    const outcome = new Outcome()
    await producer.send(numbered(0, 1, 1000), outcome)
    while (cluster.requests === 0) await new Promise((resolve) => setImmediate(resolve))
    const size = producer.bufferedBytes
    const count = Math.floor(100_000 / size)
    await producer.send(numbered(1, count, 1000), outcome)
    let requestsByThen = 0
    const waiting = producer
      .send(numbered(count, count + 1, 1000), outcome)
      .then(() => (requestsByThen = cluster.requests))
    cluster.held = next.promise
    first.resolve()
    await waiting
    assert.equal(requestsByThen, 2)
    next.resolve()
    await producer[Symbol.asyncDispose]()
    assert.equal(outcome.delivered_.length, count + 1)
  })

  test('send waits while buffer.memory is full, memory stays within it', async () => {
    const cluster = new ScriptedCluster()
    const outcome = new Outcome()
    const gate = Promise.withResolvers<void>()
    cluster.held = gate.promise
    const producer = new Producer({
      options: parseProducerOptions({ ...FAST, 'buffer.memory': '10000' }),
      cluster,
      logger,
    })
    let sent = false
    const sending = producer.send(numbered(0, 200, 100), outcome).then(() => (sent = true))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(sent, false)
    assert.ok(producer.bufferedBytes <= 10_000)
    gate.resolve()
    await sending
    await producer.flush()
    assert.equal(outcome.delivered_.length, 200)
    await producer[Symbol.asyncDispose]()
  })

  test('a waiting send ends with the reason of its signal', async () => {
    const cluster = new ScriptedCluster()
    cluster.held = new Promise(() => undefined)
    const producer = new Producer({
      options: parseProducerOptions({ ...FAST, 'buffer.memory': '1000' }),
      cluster,
      logger,
    })
    const stop = new AbortController()
    const sending = producer.send(numbered(0, 100, 100), new Outcome(), stop.signal)
    stop.abort(new Error('stopping'))
    await assert.rejects(sending, /stopping/)
    producer.abandon()
  })

  test('a topic that never appears: the error says which and how long', async () => {
    const producer = new Producer({
      options: parseProducerOptions({ ...FAST, 'max.block.ms': '5' }),
      cluster: new ScriptedCluster(),
      logger,
    })
    await assert.rejects(
      producer.send([{ topic: 'absent', key: null, value: null }], new Outcome()),
      /cannot produce to absent: UNKNOWN_TOPIC_OR_PARTITION: no metadata within max\.block\.ms=5/,
    )
    await producer[Symbol.asyncDispose]()
  })

  test('an expired record fails with delivery.timeout.ms in the message', async () => {
    const cluster = new ScriptedCluster()
    const producer = new Producer({
      options: parseProducerOptions({ ...FAST, 'delivery.timeout.ms': '20' }),
      cluster,
      logger,
    })
    for (let i = 0; i < 10_000; i++) cluster.faults.push(ErrorCode.NOT_ENOUGH_REPLICAS)
    await assert.rejects(producer.sendAndWait(numbered(0, 1)), /delivery\.timeout\.ms=20/)
    await producer[Symbol.asyncDispose]()
  })

  test('records with a key go where Java would put them', () => {
    // org.apache.kafka.common.utils.UtilsTest#testMurmur2
    const vectors: readonly (readonly [string, number])[] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
      ['abc', 479470107],
    ]
    for (const [key, hash] of vectors) assert.equal(murmur2(Buffer.from(key)), hash, key)
  })
})
