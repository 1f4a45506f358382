import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import type { EmbeddedKafka } from '@naru/embedded/kafka'
import { APIS, ErrorCode } from 'naru/protocol'
import type { RequestInputOf } from 'naru/protocol'

import { startKafka } from './support/embedded-kafka.ts'
import { committedOffset, readTopic, TransactionSteps } from './support/kafka-transactions.ts'
import type { Identity } from './support/kafka-transactions.ts'
import { KafkaWire } from './support/kafka-wire.ts'

describe('transactions on the embedded broker', () => {
  let scope: Awaited<ReturnType<typeof startKafka>>
  let kafka: EmbeddedKafka
  let wire: KafkaWire
  let made = 0

  before(async () => {
    scope = await startKafka()
    kafka = scope.kafka
    wire = await KafkaWire.connect(kafka.port)
  })
  after(async () => {
    await wire[Symbol.asyncDispose]()
    await scope[Symbol.asyncDispose]()
  })

  async function fresh(): Promise<{ topic: string; txn: TransactionSteps; id: string }> {
    const id = `t${++made}`
    const topic = { name: id, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }
    await wire.send(APIS.CreateTopics, 7, { topics: [topic] })
    return { topic: id, id, txn: new TransactionSteps(wire, id) }
  }

  const identity = ({ producerId, producerEpoch }: Identity): Identity => ({ producerId, producerEpoch })

  it('show records only when they are committed, and name aborted ones', async () => {
    const { topic, txn } = await fresh()
    const me = await txn.init()
    assert.deepEqual([me.errorCode, me.producerEpoch], [0, 0])
    assert.equal(await txn.produce(me, topic, ['too early']), ErrorCode.INVALID_TXN_STATE)
    assert.equal(await txn.add(me, topic), 0)
    assert.equal(await txn.produce(me, topic, ['a', 'b']), 0)
    const open = await readTopic(wire, topic, true)
    assert.deepEqual([open.values, open.lastStableOffset, open.highWatermark], [[], 0, 2])
    assert.deepEqual((await readTopic(wire, topic, false)).values, ['a', 'b'])
    assert.equal(await txn.end(me, true), 0)
    assert.equal(await txn.end(me, true), 0, 'an answer that was lost is asked for again')
    assert.equal(await txn.end(me, false), ErrorCode.INVALID_TXN_STATE)
    const committed = await readTopic(wire, topic, true)
    assert.deepEqual([committed.values, committed.lastStableOffset, committed.nextOffset], [['a', 'b'], 3, 3])
    assert.deepEqual(committed.abortedTransactions, [])

    assert.equal(await txn.add(me, topic), 0)
    assert.equal(await txn.produce(me, topic, ['c']), 0)
    assert.equal(await txn.end(me, false), 0)
    const aborted = await readTopic(wire, topic, true)
    assert.deepEqual(aborted.abortedTransactions, [{ producerId: me.producerId, firstOffset: 3 }])
    assert.equal(aborted.lastStableOffset, 5)
  })

  it('bound ListOffsets for readers of committed records', async () => {
    const { topic, txn } = await fresh()
    const me = await txn.init()
    await txn.add(me, topic)
    await txn.produce(me, topic, ['a'])
    const latest = async (isolationLevel: number, timestamp = -1) => {
      const partitions = [{ partitionIndex: 0, timestamp }]
      const request = { replicaId: -1, isolationLevel, topics: [{ name: topic, partitions }] }
      return (await wire.send(APIS.ListOffsets, 7, request)).topics[0]!.partitions[0]!.offset
    }
    assert.deepEqual([await latest(0), await latest(1), await latest(0, 1), await latest(1, 1)], [1, 0, 0, -1])
    await txn.end(me, true)
    assert.deepEqual([await latest(0), await latest(1), await latest(1, 1)], [2, 2, 0])
  })

  it('fence a producer when another takes over, and abort what it left', async () => {
    const { topic, txn, id } = await fresh()
    const old = await txn.init()
    await txn.add(old, topic)
    await txn.produce(old, topic, ['of a zombie'])
    const next = new TransactionSteps(wire, id)
    const young = await next.init()
    assert.deepEqual([young.errorCode, young.producerId], [0, old.producerId], 'at once, not to be asked again')
    assert.ok(young.producerEpoch > old.producerEpoch)
    assert.equal(await txn.produce(old, topic, ['late']), ErrorCode.INVALID_PRODUCER_EPOCH)
    assert.equal(await txn.add(old, topic), ErrorCode.PRODUCER_FENCED)
    assert.equal(await txn.end(old, true), ErrorCode.PRODUCER_FENCED)
    assert.equal((await txn.init(identity(old))).errorCode, ErrorCode.PRODUCER_FENCED)
    const { lastStableOffset, highWatermark, abortedTransactions } = await readTopic(wire, topic, true)
    assert.deepEqual([lastStableOffset, highWatermark, abortedTransactions.length], [2, 2, 1])
    await next.add(young, topic)
    assert.equal(await next.produce(young, topic, ['new']), 0)
    assert.equal(await next.end(young, true), 0)
    assert.deepEqual((await readTopic(wire, topic, true)).values.at(-1), 'new')
  })

  it('let a producer go on after an error under its next epoch, twice asked or once', async () => {
    const { topic, txn } = await fresh()
    const first = await txn.init()
    const second = await txn.init(identity(first))
    assert.deepEqual([second.producerId, second.producerEpoch], [first.producerId, first.producerEpoch + 1])
    const again = await txn.init(identity(first))
    assert.deepEqual(identity(again), identity(second), 'the first answer was lost')
    await txn.add(second, topic)
    assert.equal(await txn.produce(second, topic, ['a']), 0)
    const third = await txn.init(identity(second))
    assert.equal(third.errorCode, 0)
    assert.equal((await readTopic(wire, topic, true)).abortedTransactions.length, 1, 'what was open is aborted')
    assert.equal((await txn.init({ producerId: 987654, producerEpoch: 0 })).errorCode, ErrorCode.PRODUCER_FENCED)
  })

  it('are listed and described to tools, with the producers of a partition (KIP-664)', async () => {
    const { topic, txn, id } = await fresh()
    const me = await txn.init()
    const list = async (filter: Partial<RequestInputOf<typeof APIS.ListTransactions>> = {}) => {
      const all = { stateFilters: [], producerIdFilters: [me.producerId] }
      return await wire.send(APIS.ListTransactions, 2, { ...all, ...filter })
    }
    const states = async (filter = {}) => (await list(filter)).transactionStates.map((each) => each.transactionState)
    const describe = async (transactionalId: string) =>
      (await wire.send(APIS.DescribeTransactions, 0, { transactionalIds: [transactionalId] })).transactionStates[0]!
    const producers = async (name: string, partition: number) =>
      (await wire.send(APIS.DescribeProducers, 0, { topics: [{ name, partitionIndexes: [partition] }] })).topics[0]!
        .partitions[0]!
    assert.deepEqual(await states(), ['Empty'])
    assert.deepEqual((await describe(id)).topics, [])
    await txn.add(me, topic, [0, 1])
    await txn.produce(me, topic, ['a', 'b'])
    assert.deepEqual((await list({ stateFilters: ['Ongoing', 'Odd'] })).unknownStateFilters, ['Odd'])
    assert.deepEqual(await states({ stateFilters: ['Ongoing'], transactionalIdPattern: `${id.slice(0, -1)}.` }), [
      'Ongoing',
    ])
    assert.deepEqual(await states({ transactionalIdPattern: id.slice(0, -1) }), [], 'the whole id must match')
    assert.deepEqual(await states({ stateFilters: ['Empty'] }), [])
    assert.deepEqual(await states({ durationFilter: 3_600_000 }), [], 'younger than an hour')
    assert.equal((await list({ transactionalIdPattern: '(' })).errorCode, ErrorCode.INVALID_REGULAR_EXPRESSION)
    const described = await describe(id)
    const { producerId, producerEpoch } = me
    assert.deepEqual(
      { ...described, transactionStartTimeMs: described.transactionStartTimeMs > 0 },
      {
        ...{ errorCode: 0, transactionalId: id, transactionState: 'Ongoing', transactionTimeoutMs: 60_000 },
        ...{ transactionStartTimeMs: true, producerId, producerEpoch, topics: [{ topic, partitions: [0, 1] }] },
      },
    )
    const [active, ...others] = (await producers(topic, 0)).activeProducers
    assert.deepEqual(others, [])
    assert.deepEqual(
      [active!.producerId, active!.producerEpoch, active!.lastSequence, active!.currentTxnStartOffset],
      [producerId, producerEpoch, 1, 0],
    )
    await txn.end(me, true)
    assert.deepEqual(await states(), ['CompleteCommit'])
    assert.equal((await producers(topic, 0)).activeProducers[0]!.currentTxnStartOffset, -1)
    assert.equal((await describe('nobody')).errorCode, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
    assert.equal((await producers('no-such-topic', 0)).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('refuse strangers, impossible time limits and records that are not of the transaction', async () => {
    const { topic, txn } = await fresh()
    assert.equal(await txn.end({ producerId: 1, producerEpoch: 0 }, true), ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    assert.equal((await txn.init(undefined, 900_001)).errorCode, ErrorCode.INVALID_TRANSACTION_TIMEOUT)
    assert.equal((await txn.init(undefined, 0)).errorCode, ErrorCode.INVALID_TRANSACTION_TIMEOUT)
    const me = await txn.init()
    assert.equal(await txn.end(me, true), ErrorCode.INVALID_TXN_STATE)
    assert.equal(await txn.add(me, 'no-such-topic-here', [7]), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    await txn.add(me, topic)
    assert.equal(await txn.produce(me, topic, ['a'], { partition: 1 }), ErrorCode.INVALID_TXN_STATE)
    await txn.produce(me, topic, ['a'])
    assert.equal(await txn.produce(me, topic, ['b'], { transactional: false }), ErrorCode.INVALID_TXN_STATE)
    const marker = await wire.send(APIS.InitProducerId, 3, {
      ...{ transactionalId: topic, transactionTimeoutMs: 1000, ...identity(me), producerEpoch: 77 },
    })
    assert.equal(marker.errorCode, ErrorCode.INVALID_PRODUCER_EPOCH, 'older clients know no PRODUCER_FENCED')
  })

  it('are ended in a partition by markers that an operator sends', async () => {
    const { topic, txn } = await fresh()
    const me = await txn.init()
    await txn.add(me, topic, [0, 1])
    await txn.produce(me, topic, ['a', 'b'])
    const write = async (fields: object, name = topic, version = 2) => {
      const marker = { ...identity(me), coordinatorEpoch: 3, transactionResult: false, ...fields }
      const markers = [{ ...marker, topics: [{ name, partitionIndexes: [0, 7] }] }]
      const [answer] = (await wire.send(APIS.WriteTxnMarkers, version, { markers })).markers
      assert.deepEqual([answer!.producerId, answer!.topics[0]!.name], [marker.producerId, name])
      const [first, missing] = answer!.topics[0]!.partitions
      assert.deepEqual([first!.partitionIndex, missing!.partitionIndex], [0, 7])
      assert.equal(missing!.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      return first!.errorCode
    }
    assert.equal(await write({ producerEpoch: me.producerEpoch - 1 }), ErrorCode.INVALID_PRODUCER_EPOCH)
    const ownEpoch = await write({ transactionVersion: 2 })
    assert.equal(ownEpoch, ErrorCode.INVALID_PRODUCER_EPOCH, 'there the end of a transaction has a newer epoch')
    assert.equal(await write({}, 'no-such-topic'), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal((await readTopic(wire, topic, true)).lastStableOffset, 0)

    assert.equal(await write({}, topic, 1), 0)
    const { lastStableOffset, highWatermark, abortedTransactions } = await readTopic(wire, topic, true)
    assert.deepEqual([lastStableOffset, highWatermark], [3, 3])
    assert.deepEqual(abortedTransactions, [{ producerId: me.producerId, firstOffset: 0 }])
    assert.equal(await write({ coordinatorEpoch: 2 }), ErrorCode.TRANSACTION_COORDINATOR_FENCED)
    const asked = { topics: [{ name: topic, partitionIndexes: [0] }] }
    const [partition] = (await wire.send(APIS.DescribeProducers, 0, asked)).topics[0]!.partitions
    const active = partition!.activeProducers[0]!
    assert.deepEqual([active.coordinatorEpoch, active.currentTxnStartOffset], [3, -1])

    assert.equal(await txn.produce(me, topic, ['c']), 0, 'the coordinator knows nothing of it')
    assert.equal(await txn.end(me, true), 0)
    assert.deepEqual((await readTopic(wire, topic, true, 0, true)).values, ['c'])
  })

  it('carry offsets of groups, unstable until the end', async () => {
    const { topic, txn } = await fresh()
    const me = await txn.init()
    assert.deepEqual(await txn.offsets(me, 'g', topic, 5), [0, 0])
    assert.equal(await committedOffset(wire, 'g', topic), -1)
    assert.equal(await committedOffset(wire, 'g', topic, true), `error ${ErrorCode.UNSTABLE_OFFSET_COMMIT}`)
    await txn.end(me, false)
    assert.equal(await committedOffset(wire, 'g', topic, true), -1)
    await txn.offsets(me, 'g', topic, 6)
    await txn.end(me, true)
    assert.equal(await committedOffset(wire, 'g', topic, true), 6)
  })

  it('are aborted and fenced when they take too long', async () => {
    const { topic, txn } = await fresh()
    const me = await txn.init(undefined, 300)
    await txn.add(me, topic)
    await txn.produce(me, topic, ['a'])
    while ((await readTopic(wire, topic, true)).abortedTransactions.length === 0) await new Promise(setImmediate)
    assert.equal(await txn.end(me, true), ErrorCode.PRODUCER_FENCED)
  })

  it('of many producers on one partition end in any order', async () => {
    const { topic, id } = await fresh()
    const producers = await Promise.all(
      ['x', 'y', 'z'].map(async (name) => {
        const txn = new TransactionSteps(wire, `${id}-${name}`)
        const me = await txn.init()
        await txn.add(me, topic)
        await txn.produce(me, topic, [name])
        return { txn, me }
      }),
    )
    const stable = async () => (await readTopic(wire, topic, true)).lastStableOffset
    await producers[1]!.txn.end(producers[1]!.me, false)
    assert.equal(await stable(), 0)
    await producers[0]!.txn.end(producers[0]!.me, true)
    assert.equal(await stable(), 2)
    await producers[2]!.txn.end(producers[2]!.me, true)
    assert.equal(await stable(), 6)
  })
})
