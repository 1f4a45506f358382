import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'

import type { EmbeddedKafka } from '@naru/embedded/kafka'
import { APIS, ErrorCode } from 'naru/protocol'

import { startKafka } from './support/embedded-kafka.ts'
import { KafkaWire } from './support/kafka-wire.ts'

describe('faults of the embedded broker for one resource', () => {
  let scope: Awaited<ReturnType<typeof startKafka>>
  let kafka: EmbeddedKafka
  let wire: KafkaWire
  const ids: Record<string, string> = {}

  before(async () => {
    scope = await startKafka()
    kafka = scope.kafka
    wire = await KafkaWire.connect(kafka.port)
    for (const name of ['good', 'bad']) {
      const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
      const { topics } = await wire.send(APIS.CreateTopics, 7, { topics: [topic] })
      ids[name] = topics[0]!.topicId
    }
  })
  afterEach(() => kafka.controls.clear())
  after(async () => {
    await wire[Symbol.asyncDispose]()
    await scope[Symbol.asyncDispose]()
  })

  it('an error for the transactional ids with a prefix', async () => {
    const fault = { kind: 'error', errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED } as const
    const { InitProducerId, AddPartitionsToTxn } = APIS
    kafka.controls.inject(InitProducerId.key, fault, { resource: { kind: 'transactionalId', prefix: 'connect-' } })
    kafka.controls.inject(AddPartitionsToTxn.key, fault, { resource: { kind: 'transactionalId', name: 'other' } })
    const init = async (transactionalId: string | null) =>
      (await wire.send(InitProducerId, 4, { transactionalId, transactionTimeoutMs: 1000 })).errorCode
    assert.equal(await init('connect-a'), ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    assert.equal(await init('other'), 0)
    assert.equal(await init(null), 0)
    const v3 = { v3TransactionalId: 'other', v3ProducerId: 1, v3ProducerEpoch: 0 }
    const added = await wire.send(AddPartitionsToTxn, 3, { ...v3, v3Topics: [{ name: 'good', partitions: [0] }] })
    const { partitionErrorCode } = added.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!
    assert.equal(partitionErrorCode, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
  })

  it('an error for one group', async () => {
    const fault = { kind: 'error', errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED } as const
    kafka.controls.inject(APIS.FindCoordinator.key, fault, { resource: { kind: 'group', name: 'g1' } })
    kafka.controls.inject(APIS.OffsetFetch.key, fault, { resource: { kind: 'group', name: 'g1' } })
    const find = async (key: string) =>
      (await wire.send(APIS.FindCoordinator, 4, { keyType: 0, coordinatorKeys: [key] })).coordinators[0]!.errorCode
    const offsets = async (groupId: string) =>
      (await wire.send(APIS.OffsetFetch, 8, { groups: [{ groupId, topics: null }], requireStable: false })).groups[0]!
        .errorCode
    assert.deepEqual([await find('g1'), await find('g2')], [fault.errorCode, 0])
    assert.deepEqual([await offsets('g1'), await offsets('g2')], [fault.errorCode, 0])
  })

  it('an error, and a delay, for one topic, by name and by id', async () => {
    const fault = { kind: 'error', errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED } as const
    kafka.controls.inject(APIS.Fetch.key, fault, { resource: { kind: 'topic', name: 'bad' } })
    const fetch = async (topic: string, version: number) => {
      const topics = [
        { topic, topicId: ids[topic]!, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }] },
      ]
      return (await wire.send(APIS.Fetch, version, { maxWaitMs: 0, minBytes: 0, topics })).errorCode
    }
    for (const version of [12, 17]) {
      assert.deepEqual([await fetch('bad', version), await fetch('good', version)], [fault.errorCode, 0])
    }
    kafka.controls.inject(
      APIS.ListOffsets.key,
      { kind: 'delay', ms: 150 },
      { resource: { kind: 'topic', name: 'bad' } },
    )
    const took = async (name: string) => {
      const began = performance.now()
      await wire.send(APIS.ListOffsets, 7, {
        ...{ replicaId: -1, isolationLevel: 0 },
        topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
      })
      return performance.now() - began
    }
    assert.ok((await took('bad')) >= 140)
    kafka.controls.clear()
    assert.ok(Math.min(await took('bad'), await took('bad'), await took('bad')) < 140)
  })
})
