import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import type { EmbeddedKafka } from '@naru/embedded/kafka'
import { APIS, ErrorCode, NIL_UUID, readBatches, RecordBatchBuilder, stampBatch, Writer } from 'naru/protocol'
import type { ProducerStamp } from 'naru/protocol'

import { startKafka } from './support/embedded-kafka.ts'
import { KafkaWire } from './support/kafka-wire.ts'

interface BatchOptions {
  readonly values?: readonly string[]
  readonly key?: string | null
  readonly timestamp?: number
  readonly compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly stamp?: ProducerStamp
}

function batch({ values = ['v'], key = null, timestamp = Date.now(), compression = 'none', stamp }: BatchOptions = {}) {
  const builder = new RecordBatchBuilder()
  for (const value of values)
    builder.append(key === null ? null : Buffer.from(key), Buffer.from(value), undefined, timestamp)
  return stampBatch(builder.finish(compression), stamp)
}

describe('the embedded broker on the wire', () => {
  let scope: Awaited<ReturnType<typeof startKafka>>
  let kafka: EmbeddedKafka
  let wire: KafkaWire
  let topics = 0

  before(async () => {
    scope = await startKafka({ defaults: { 'auto.create.topics.enable': false, 'num.partitions': 2 } })
    kafka = scope.kafka
    wire = await KafkaWire.connect(kafka.port)
  })
  after(async () => {
    await wire[Symbol.asyncDispose]()
    await scope[Symbol.asyncDispose]()
  })

  async function newTopic(
    configs: Record<string, string> = {},
    numPartitions = 1,
  ): Promise<{ name: string; id: string }> {
    const name = `topic-${++topics}`
    const { topics: made } = await wire.send(APIS.CreateTopics, 7, {
      topics: [
        {
          ...{ name, numPartitions, replicationFactor: 1, assignments: [] },
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
    })
    assert.equal(made[0]!.errorCode, 0, made[0]!.errorMessage ?? '')
    return { name, id: made[0]!.topicId }
  }

  async function produce(name: string, records: Buffer, version = 9) {
    const topicData = [{ name, partitionData: [{ index: 0, records }] }]
    const answer = await wire.send(APIS.Produce, version, { acks: -1, timeoutMs: 1000, topicData })
    return answer.responses[0]!.partitionResponses[0]!
  }

  async function fetch(
    name: string,
    offset: number,
    options: { minBytes?: number; maxWaitMs?: number; maxBytes?: number } = {},
  ) {
    const { minBytes = 1, maxWaitMs = 0, maxBytes = 1 << 20 } = options
    const partitions = [{ partition: 0, fetchOffset: offset, partitionMaxBytes: maxBytes }]
    const topicsAsked = [{ topic: name, partitions }]
    const answer = await wire.send(APIS.Fetch, 12, { maxWaitMs, minBytes, maxBytes, topics: topicsAsked })
    return answer.responses[0]!.partitions[0]!
  }

  it('answers an unknown version of ApiVersions in version 0, naming the range of ApiVersions', async () => {
    const request = new Writer()
    request.int16(18)
    request.int16(99)
    request.int32(7)
    request.nullableString('future')
    request.uvarint(0)
    const answer = await wire.sendRaw(request.toBuffer())
    assert.equal(answer.readInt32BE(0), 7)
    assert.equal(answer.readInt16BE(4), ErrorCode.UNSUPPORTED_VERSION)
    assert.equal(answer.readInt32BE(6), 1, 'one API')
    assert.deepEqual([answer.readInt16BE(10), answer.readInt16BE(12), answer.readInt16BE(14)], [18, 0, 4])
  })

  it('lists exactly what it serves, in the form of each version', async () => {
    for (const version of [0, 1, 2, 3, 4]) {
      const { apiKeys } = await wire.send(APIS.ApiVersions, version, {
        clientSoftwareName: 'x',
        clientSoftwareVersion: '1',
      })
      assert.equal(apiKeys.length, 35)
      assert.equal(apiKeys.find(({ apiKey }) => apiKey === APIS.EndTxn.key)!.maxVersion, 4)
    }
  })

  it('cuts the connection of a client that sends an API it does not serve', async () => {
    await using stranger = await KafkaWire.connect(kafka.port)
    const header = Buffer.alloc(14)
    header.writeInt16BE(4711)
    await assert.rejects(stranger.sendRaw(header), /closed/)
    const { errorCode } = await wire.send(APIS.SaslHandshake, 1, { mechanism: 'PLAIN' })
    assert.equal(errorCode, ErrorCode.ILLEGAL_SASL_STATE, 'where nobody is asked')
  })

  it('cuts the connection of a client that does not speak Kafka', async () => {
    await using stranger = await KafkaWire.connect(kafka.port)
    await assert.rejects(stranger.sendRaw(Buffer.from('GET')), /closed/)
  })

  it('cuts the connection of a client whose request ends too early, also while another request waits', async () => {
    const { name } = await newTopic()
    await using stranger = await KafkaWire.connect(kafka.port)
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }]
    const request = { maxWaitMs: 200, minBytes: 1, topics: [{ topic: name, partitions }] }
    const waiting = stranger.send(APIS.Fetch, 12, request)
    await assert.rejects(stranger.sendRaw(Buffer.from([0, 3, 0, 9, 0, 0, 0, 1, 0, 0, 0, 99])), /closed/)
    assert.equal((await waiting).responses[0]!.partitions[0]!.errorCode, 0)
  })

  it('produces and fetches the same bytes in every version, but for offset and epoch', async () => {
    const { name, id } = await newTopic()
    let offset = 0
    for (let version = APIS.Produce.minVersion; version <= APIS.Produce.maxVersion; version++) {
      const topicData = [{ name, topicId: id, partitionData: [{ index: 0, records: batch({ values: ['a', 'b'] }) }] }]
      const answer = await wire.send(APIS.Produce, version, { acks: 1, timeoutMs: 1000, topicData })
      const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
      assert.deepEqual([errorCode, baseOffset], [0, offset], `version ${version}`)
      offset += 2
    }
    const sent = batch({ values: ['a', 'b'], timestamp: 5 })
    await produce(name, sent)
    for (let version = APIS.Fetch.minVersion; version <= APIS.Fetch.maxVersion; version++) {
      const partitions = [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 1 << 20 }]
      const asked = { maxWaitMs: 0, minBytes: 1, topics: [{ topic: name, topicId: id, partitions }] }
      const answer = await wire.send(APIS.Fetch, version, asked)
      const { errorCode, records, highWatermark } = answer.responses[0]!.partitions[0]!
      assert.deepEqual([errorCode, highWatermark], [0, offset + 2], `version ${version}`)
      assert.deepEqual(records!.subarray(16), sent.subarray(16))
    }
  })

  it('answers Metadata in every version, by name, by id, and for all', async () => {
    const { name, id } = await newTopic({}, 3)
    for (let version = 0; version <= APIS.Metadata.maxVersion; version++) {
      const answer = await wire.send(APIS.Metadata, version, { topics: [{ name }] })
      assert.deepEqual([answer.topics[0]!.errorCode, answer.topics[0]!.partitions.length], [0, 3], `version ${version}`)
      assert.equal(answer.brokers[0]!.port, kafka.port)
    }
    const byId = await wire.send(APIS.Metadata, 12, { topics: [{ name: null, topicId: id }] })
    assert.equal(byId.topics[0]!.name, name)
    const all = await wire.send(APIS.Metadata, 9, { topics: null })
    assert.ok(all.topics.some((topic) => topic.name === name))
    const none = await wire.send(APIS.Metadata, 12, { topics: [{ name: 'nowhere' }], allowAutoTopicCreation: true })
    assert.equal(none.topics[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'auto.create.topics.enable=false')
    const wrong = await wire.send(APIS.Metadata, 12, { topics: [{ name: null, topicId: NIL_UUID.replace(/^A/, 'B') }] })
    assert.equal(wrong.topics[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  })

  it('does not answer a produce request with acks=0', async () => {
    const { name } = await newTopic()
    wire.post(APIS.Produce, 9, {
      ...{ acks: 0, timeoutMs: 1000 },
      topicData: [{ name, partitionData: [{ index: 0, records: batch() }] }],
    })
    const { highWatermark } = await fetch(name, 0, { maxWaitMs: 5000 })
    assert.equal(highWatermark, 1)
  })

  describe('refuses a batch', () => {
    const flipped = batch()
    flipped[flipped.length - 1]! ^= 1
    const future = Date.now() + 3 * 3600_000
    const refusals: readonly (readonly [string, Record<string, string>, Buffer, number])[] = [
      ['with a wrong CRC', {}, flipped, ErrorCode.CORRUPT_MESSAGE],
      ['cut short', {}, batch().subarray(0, 65), ErrorCode.CORRUPT_MESSAGE],
      [
        'above max.message.bytes',
        { 'max.message.bytes': '100' },
        batch({ values: ['x'.repeat(100)] }),
        ErrorCode.MESSAGE_TOO_LARGE,
      ],
      ['without keys for a compacted topic', { 'cleanup.policy': 'compact' }, batch(), ErrorCode.INVALID_RECORD],
      [
        'compressed, without keys for a compacted topic',
        { 'cleanup.policy': 'compact' },
        batch({ compression: 'gzip' }),
        ErrorCode.INVALID_RECORD,
      ],
      ['that is two batches', {}, Buffer.concat([batch(), batch()]), ErrorCode.INVALID_RECORD],
      ['from the future', {}, batch({ timestamp: future }), ErrorCode.INVALID_TIMESTAMP],
    ]
    for (const [what, config, records, errorCode] of refusals) {
      it(what, async () => {
        const { name } = await newTopic(config)
        assert.equal((await produce(name, records)).errorCode, errorCode)
        assert.equal((await fetch(name, 0)).highWatermark, 0)
      })
    }

    it('for a partition that is not there', async () => {
      assert.equal((await produce('nowhere', batch())).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    })
  })

  it('takes keyed records for a compacted topic', async () => {
    const { name } = await newTopic({ 'cleanup.policy': 'compact,delete' })
    assert.equal((await produce(name, batch({ key: 'k', compression: 'zstd' }))).errorCode, 0)
  })

  it('stamps LogAppendTime and says so', async () => {
    const { name } = await newTopic({ 'message.timestamp.type': 'LogAppendTime' })
    const before = Date.now()
    const { logAppendTimeMs } = await produce(name, batch({ timestamp: 1000 }))
    assert.ok(logAppendTimeMs >= before)
    const { records } = await fetch(name, 0)
    const read = readBatches(records!, { topic: name, partition: 0, from: 0, checkCrc: true })
    assert.deepEqual([read.records[0]!.timestamp, read.records[0]!.timestampType], [logAppendTimeMs, 'LogAppendTime'])
  })

  it('answers duplicates of an idempotent producer with the first offset, gaps and old epochs with their errors', async () => {
    const { name } = await newTopic()
    const { producerId, producerEpoch } = await wire.send(APIS.InitProducerId, 4, {
      ...{ transactionalId: null, transactionTimeoutMs: 0 },
    })
    const send = async (baseSequence: number, epoch = producerEpoch) => {
      const stamp = { producerId, producerEpoch: epoch, baseSequence }
      const { errorCode, baseOffset } = await produce(name, batch({ values: ['a', 'b'], stamp }))
      return [errorCode, baseOffset]
    }
    assert.deepEqual(await send(0), [0, 0])
    assert.deepEqual(await send(2), [0, 2])
    assert.deepEqual(await send(0), [0, 0])
    assert.deepEqual(await send(6), [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1])
    assert.deepEqual(await send(4), [0, 4])
    assert.deepEqual(await send(0, producerEpoch + 1), [0, 6])
    assert.deepEqual(await send(6, producerEpoch), [ErrorCode.INVALID_PRODUCER_EPOCH, -1])
  })

  it('gives each producer an id of its own, and coordinates groups and transactions itself', async () => {
    const ask = () => wire.send(APIS.InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1000 })
    const [a, b] = await Promise.all([ask(), ask()])
    assert.notEqual(a.producerId, b.producerId)
    for (const keyType of [0, 1]) {
      const found = await wire.send(APIS.FindCoordinator, 4, { keyType, coordinatorKeys: ['t'] })
      assert.deepEqual([found.coordinators[0]!.errorCode, found.coordinators[0]!.port], [0, kafka.port])
    }
    const other = await wire.send(APIS.FindCoordinator, 4, { keyType: 2, coordinatorKeys: ['t'] })
    assert.equal(other.coordinators[0]!.errorCode, ErrorCode.INVALID_REQUEST)
  })

  it('holds a fetch until minBytes are there', async () => {
    const { name } = await newTopic()
    await using reader = await KafkaWire.connect(kafka.port)
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }]
    const request = { maxWaitMs: 30_000, minBytes: 1000, topics: [{ topic: name, partitions }] }
    const waiting = reader.send(APIS.Fetch, 12, request)
    await produce(name, batch({ values: ['x'.repeat(500)] }))
    await produce(name, batch({ values: ['y'.repeat(500)] }))
    const { records } = (await waiting).responses[0]!.partitions[0]!
    assert.ok(records!.length > 1000)
  })

  it('answers a fetch with nothing after maxWaitMs', async () => {
    const { name } = await newTopic()
    const { records, errorCode } = await fetch(name, 0, { maxWaitMs: 20 })
    assert.deepEqual([records!.length, errorCode], [0, 0])
  })

  it('refuses offsets outside of the log, and fetch sessions', async () => {
    const { name } = await newTopic()
    assert.equal((await fetch(name, 5)).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
    const session = await wire.send(APIS.Fetch, 12, {
      maxWaitMs: 0,
      minBytes: 0,
      sessionId: 9,
      sessionEpoch: 1,
      topics: [],
    })
    assert.equal(session.errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  })

  it('finds offsets by time, also inside of compressed batches', async () => {
    const { name } = await newTopic()
    for (const timestamp of [1000, 2000, 3000]) {
      const builder = new RecordBatchBuilder()
      for (const ms of [0, 100, 200]) builder.append(null, Buffer.from('v'), undefined, timestamp + ms)
      await produce(name, stampBatch(builder.finish('lz4')))
    }
    const at = async (timestamp: number, version: number) => {
      const partitions = [{ partitionIndex: 0, timestamp }]
      const { topics: found } = await wire.send(APIS.ListOffsets, version, {
        replicaId: -1,
        topics: [{ name, partitions }],
      })
      return found[0]!.partitions[0]!.offset
    }
    for (let version = 1; version <= APIS.ListOffsets.maxVersion; version++) {
      assert.deepEqual(
        await Promise.all([-2, -1, 0, 2100, 2101, 3201].map((timestamp) => at(timestamp, version))),
        [0, 9, 0, 4, 5, -1],
      )
    }
    assert.equal(await at(-3, 7), 8, 'the youngest record')
  })

  it('deletes records', async () => {
    const { name } = await newTopic()
    await produce(name, batch({ values: ['a', 'b', 'c'] }))
    const remove = async (offset: number) => {
      const asked = [{ name, partitions: [{ partitionIndex: 0, offset }] }]
      const answer = await wire.send(APIS.DeleteRecords, 2, { topics: asked, timeoutMs: 1000 })
      const { lowWatermark, errorCode } = answer.topics[0]!.partitions[0]!
      return [lowWatermark, errorCode]
    }
    assert.deepEqual(await remove(2), [2, 0])
    assert.deepEqual(await remove(9), [-1, ErrorCode.OFFSET_OUT_OF_RANGE])
    assert.deepEqual(await remove(-1), [3, 0])
    assert.equal((await fetch(name, 1)).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  })

  it('commits offsets of a tool, gives them back in every version, and removes them', async () => {
    const { name, id } = await newTopic({}, 2)
    const groupId = `group-of-${name}`
    for (let version = 2; version <= APIS.OffsetCommit.maxVersion; version++) {
      const partitions = [{ partitionIndex: 1, committedOffset: version, committedMetadata: 'm' }]
      const request = { groupId, topics: [{ name, topicId: id, partitions }] }
      const answer = await wire.send(APIS.OffsetCommit, version, request)
      assert.equal(answer.topics[0]!.partitions[0]!.errorCode, 0, `version ${version}`)
      for (let reading = 1; reading <= APIS.OffsetFetch.maxVersion; reading++) {
        const topicsAsked = [{ name, topicId: id, partitionIndexes: [0, 1] }]
        const { topics: flat, groups } = await wire.send(APIS.OffsetFetch, reading, {
          ...{ groupId, topics: topicsAsked },
          groups: [{ groupId, topics: topicsAsked }],
        })
        const found = (reading < 8 ? flat[0] : groups[0]!.topics[0])!.partitions.map((p) => p.committedOffset)
        assert.deepEqual(found, [-1, version], `version ${reading}`)
      }
    }
    const asked = [{ name, partitions: [{ partitionIndex: 1 }] }]
    assert.equal(
      (await wire.send(APIS.OffsetDelete, 0, { groupId, topics: asked })).topics[0]!.partitions[0]!.errorCode,
      0,
    )
    const { groups } = await wire.send(APIS.OffsetFetch, 9, { groups: [{ groupId, topics: null }] })
    assert.deepEqual(groups[0]!.topics, [])
    const gone = await wire.send(APIS.DeleteGroups, 2, { groupsNames: [groupId] })
    assert.equal(gone.results[0]!.errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
  })

  it('describes and changes topic configs', async () => {
    const { name } = await newTopic({ 'retention.ms': '5000' })
    const resource = { resourceType: 2, resourceName: name }
    const describeConfig = async () => {
      const keys = ['retention.ms', 'cleanup.policy']
      const request = { resources: [{ ...resource, configurationKeys: keys }] }
      const { results } = await wire.send(APIS.DescribeConfigs, 4, request)
      return Object.fromEntries(results[0]!.configs.map((config) => [config.name, [config.value, config.configSource]]))
    }
    assert.deepEqual(await describeConfig(), { 'cleanup.policy': ['delete', 5], 'retention.ms': ['5000', 1] })
    const alter = async (configs: { name: string; configOperation: number; value: string | null }[]) => {
      const answer = await wire.send(APIS.IncrementalAlterConfigs, 1, {
        resources: [{ ...resource, configs }],
        validateOnly: false,
      })
      return [answer.responses[0]!.errorCode, answer.responses[0]!.errorMessage]
    }
    assert.deepEqual(
      await alter([
        { name: 'cleanup.policy', configOperation: 2, value: 'compact' },
        { name: 'retention.ms', configOperation: 1, value: null },
      ]),
      [0, null],
    )
    assert.deepEqual(await describeConfig(), {
      'cleanup.policy': ['delete,compact', 1],
      'retention.ms': ['604800000', 5],
    })
    assert.equal((await alter([{ name: 'retension.ms', configOperation: 0, value: '1' }]))[0], ErrorCode.INVALID_CONFIG)
    assert.equal(
      (await alter([{ name: 'retention.ms', configOperation: 0, value: 'long' }]))[0],
      ErrorCode.INVALID_CONFIG,
    )
    const unknown = [{ resourceType: 2, resourceName: 'nowhere', configurationKeys: null }]
    const { results } = await wire.send(APIS.DescribeConfigs, 4, { resources: unknown })
    assert.equal(results[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  const badTopics: readonly (readonly [string, object, number])[] = [
    ['with a bad name', { name: 'no spaces' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['with no partitions', { numPartitions: 0 }, ErrorCode.INVALID_PARTITIONS],
    ['with three replicas on one broker', { replicationFactor: 3 }, ErrorCode.INVALID_REPLICATION_FACTOR],
    ['with an unknown config', { configs: [{ name: 'x', value: '1' }] }, ErrorCode.INVALID_CONFIG],
    [
      'on a broker that is not there',
      { assignments: [{ partitionIndex: 0, brokerIds: [7] }] },
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ],
  ]
  for (const [what, fault, errorCode] of badTopics) {
    it(`refuses a topic ${what}`, async () => {
      const topic = { name: 'fine', numPartitions: -1, replicationFactor: -1, assignments: [], configs: [], ...fault }
      const { topics: made } = await wire.send(APIS.CreateTopics, 5, { topics: [topic] })
      assert.equal(made[0]!.errorCode, errorCode)
    })
  }

  it('creates with its defaults, grows and deletes a topic, in every version', async () => {
    for (let version = 4; version <= APIS.CreateTopics.maxVersion; version++) {
      const name = `topic-${++topics}`
      const topic = { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] }
      const { topics: made } = await wire.send(APIS.CreateTopics, version, { topics: [topic] })
      assert.equal(made[0]!.errorCode, 0)
      const grow = async (count: number) => {
        const request = { topics: [{ name, count, assignments: null }], timeoutMs: 1000, validateOnly: false }
        return (await wire.send(APIS.CreatePartitions, version - 4, request)).results[0]!.errorCode
      }
      assert.equal(await grow(2), ErrorCode.INVALID_PARTITIONS, 'there are two already')
      assert.equal(await grow(5), 0)
    }
    for (let version = 1; version <= APIS.DeleteTopics.maxVersion; version++) {
      const { name } = await newTopic()
      const request = version < 6 ? { topicNames: [name] } : { topics: [{ name, topicId: NIL_UUID }] }
      const remove = async () =>
        (await wire.send(APIS.DeleteTopics, version, { ...request, timeoutMs: 1000 })).responses[0]!
      assert.equal((await remove()).errorCode, 0)
      assert.equal((await remove()).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    }
  })

  it('describes itself and finds its coordinators in every version', async () => {
    for (let version = 0; version <= APIS.DescribeCluster.maxVersion; version++) {
      const { clusterId, brokers } = await wire.send(APIS.DescribeCluster, version, {
        includeClusterAuthorizedOperations: false,
      })
      assert.deepEqual([clusterId, brokers[0]!.port], [kafka.clusterId, kafka.port])
    }
    for (let version = 0; version <= APIS.FindCoordinator.maxVersion; version++) {
      const found = await wire.send(APIS.FindCoordinator, version, { key: 'g', coordinatorKeys: ['g'] })
      assert.equal(version < 4 ? found.port : found.coordinators[0]!.port, kafka.port)
    }
  })

  it('takes a member through join, sync, heartbeat, commit and leave in the newest versions', async () => {
    const { name } = await newTopic()
    const groupId = `members-of-${name}`
    const join = (memberId: string) =>
      wire.send(APIS.JoinGroup, 9, {
        ...{ groupId, memberId, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'connect' },
        protocols: [{ name: 'sessioned', metadata: Buffer.from('meta') }],
      })
    const first = await join('')
    assert.equal(first.errorCode, ErrorCode.MEMBER_ID_REQUIRED)
    const { memberId, generationId, leader, members, protocolName } = await join(first.memberId)
    assert.deepEqual([leader, protocolName, members[0]!.metadata.toString()], [memberId, 'sessioned', 'meta'])
    const assignments = [{ memberId, assignment: Buffer.from('work') }]
    const synced = await wire.send(APIS.SyncGroup, 5, {
      ...{ groupId, generationId, memberId, protocolType: 'connect', protocolName: 'sessioned', assignments },
    })
    assert.equal(synced.assignment.toString(), 'work')
    assert.equal((await wire.send(APIS.Heartbeat, 4, { groupId, generationId, memberId })).errorCode, 0)
    const commit = async (generation: number, member: string) => {
      const partitions = [{ partitionIndex: 0, committedOffset: 3 }]
      const request = {
        groupId,
        generationIdOrMemberEpoch: generation,
        memberId: member,
        topics: [{ name, partitions }],
      }
      return (await wire.send(APIS.OffsetCommit, 9, request)).topics[0]!.partitions[0]!.errorCode
    }
    assert.equal(await commit(generationId, memberId), 0)
    assert.equal(await commit(generationId + 1, memberId), ErrorCode.ILLEGAL_GENERATION)
    assert.equal(await commit(-1, ''), ErrorCode.UNKNOWN_MEMBER_ID, 'a tool may not while members are there')
    const { groups } = await wire.send(APIS.DescribeGroups, 5, { groups: [groupId] })
    assert.deepEqual([groups[0]!.groupState, groups[0]!.protocolType], ['Stable', 'connect'])
    assert.equal(
      (await wire.send(APIS.DeleteGroups, 2, { groupsNames: [groupId] })).results[0]!.errorCode,
      ErrorCode.NON_EMPTY_GROUP,
    )
    const left = await wire.send(APIS.LeaveGroup, 5, { groupId, members: [{ memberId }] })
    assert.equal(left.members[0]!.errorCode, 0)
    assert.equal((await wire.send(APIS.DeleteGroups, 2, { groupsNames: [groupId] })).results[0]!.errorCode, 0)
    const gone = await wire.send(APIS.DescribeGroups, 5, { groups: [groupId] })
    assert.equal(gone.groups[0]!.groupState, 'Dead')
  })
})
