import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Fault } from '@naru/embedded/kafka'
import type { FetchedRecord } from '../../runtime/kafka/fetcher.ts'
import { clientOptions } from '../../runtime/kafka/client-options.ts'
import { Cluster } from '../../runtime/kafka/cluster.ts'
import { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import {
  ErrorCode,
  Fetch,
  FindCoordinator,
  Heartbeat,
  InitProducerId,
  JoinGroup,
  Metadata,
  OffsetCommit,
  Produce,
  SyncGroup,
} from '../../runtime/kafka/protocol/index.ts'
import { KafkaUnderTest, SILENT } from './support/kafka-under-test.ts'

let kafka: KafkaUnderTest
before(async () => {
  kafka = await KafkaUnderTest.embedded()
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
})

const RECORDS = 2000

const faults: readonly {
  readonly api: { readonly key: number; readonly name: string }
  readonly fault: Fault
  readonly what: string
}[] = [
  { api: Produce, fault: { kind: 'cut' }, what: 'the connection is cut before a Produce' },
  { api: Produce, fault: { kind: 'cut-after' }, what: 'the acknowledgement of a Produce is lost' },
  { api: Produce, fault: { kind: 'error', errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }, what: 'the leader moves' },
  { api: Produce, fault: { kind: 'error', errorCode: ErrorCode.NOT_ENOUGH_REPLICAS }, what: 'replicas are missing' },
  { api: Produce, fault: { kind: 'silence' }, what: 'a Produce is never answered' },
  {
    api: InitProducerId,
    fault: { kind: 'error', errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS },
    what: 'producer ids are not ready',
  },
  { api: Metadata, fault: { kind: 'cut' }, what: 'the connection is cut before Metadata' },
  { api: Fetch, fault: { kind: 'cut' }, what: 'the connection is cut before a Fetch' },
  {
    api: Fetch,
    fault: { kind: 'error', errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER },
    what: 'the leader of a Fetch moves',
  },
  { api: Fetch, fault: { kind: 'silence' }, what: 'a Fetch is never answered' },
]

for (const { api, fault, what } of faults) {
  test(`records arrive once and in order when ${what}`, async () => {
    const props = { 'bootstrap.servers': kafka.bootstrap, 'request.timeout.ms': '600', 'fetch.max.wait.ms': '100' }
    await using clients = new KafkaClients({ props, logger: SILENT })
    const topic = await kafka.topic()
    await using producer = clients.producer({ 'batch.size': '3000', 'linger.ms': '0' })
    await using fetcher = clients.fetcher()
    fetcher.assign([{ topic, partition: 0, offset: 'earliest' }])
    const takeBack = kafka.broker.controls.inject(api.key, fault, { times: 3 })
    const failures: Error[] = []
    const listener = { delivered: () => undefined, failed: (_: unknown, error: Error) => void failures.push(error) }
    for (let i = 0; i < RECORDS; i += 100) {
      await producer.send(
        Array.from({ length: 100 }, (_, k) => ({ topic, key: null, value: Buffer.from(String(i + k)) })),
        listener,
      )
    }
    const flushed = producer.flush()
    const records: FetchedRecord[] = []
    const deadline = Date.now() + 30_000
    while (records.length < RECORDS && Date.now() < deadline) records.push(...(await fetcher.poll({ timeoutMs: 500 })))
    await flushed
    takeBack()
    assert.deepEqual(failures, [])
    assert.deepEqual(
      records.map(({ value }) => Number(value)),
      Array.from({ length: RECORDS }, (_, i) => i),
    )
  })
}

const joinFaults: readonly {
  readonly api: { readonly key: number; readonly name: string }
  readonly fault: Fault
  readonly what: string
}[] = [
  {
    api: FindCoordinator,
    fault: { kind: 'error', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE },
    what: 'the coordinator is not there yet',
  },
  {
    api: JoinGroup,
    fault: { kind: 'error', errorCode: ErrorCode.NOT_COORDINATOR },
    what: 'the coordinator moves at JoinGroup',
  },
  {
    api: JoinGroup,
    fault: { kind: 'error', errorCode: ErrorCode.UNKNOWN_MEMBER_ID },
    what: 'the member id is not known any more',
  },
  { api: JoinGroup, fault: { kind: 'cut-after' }, what: 'the answer to JoinGroup is lost' },
  {
    api: SyncGroup,
    fault: { kind: 'error', errorCode: ErrorCode.REBALANCE_IN_PROGRESS },
    what: 'the next rebalance begins before SyncGroup',
  },
  { api: SyncGroup, fault: { kind: 'cut' }, what: 'the connection is cut before SyncGroup' },
]

for (const { api, fault, what } of joinFaults) {
  test(`a member joins when ${what}`, async () => {
    await using clients = new KafkaClients({ props: { 'bootstrap.servers': kafka.bootstrap }, logger: SILENT })
    await using member = clients.groupMember({
      groupId: `group-${randomUUID()}`,
      protocolType: 'connect',
      sessionTimeoutMs: 6000,
      rebalanceTimeoutMs: 2000,
      heartbeatIntervalMs: 100,
      clientId: 'worker',
      logger: SILENT,
    })
    const takeBack = kafka.broker.controls.inject(api.key, fault, { times: 1 })
    const joined = await member.join(
      [{ name: 'sessioned', metadata: Buffer.from('me') }],
      (members) => new Map(members.map(({ memberId }) => [memberId, Buffer.from('work')])),
    )
    takeBack()
    assert.equal(String(joined.assignment), 'work')
    assert.equal(member.generation, joined.generation)
  })
}

test('a member hears that it is lost, and joins again under a new id', async () => {
  await using clients = new KafkaClients({ props: { 'bootstrap.servers': kafka.bootstrap }, logger: SILENT })
  await using member = clients.groupMember({
    groupId: `group-${randomUUID()}`,
    protocolType: 'connect',
    sessionTimeoutMs: 6000,
    rebalanceTimeoutMs: 2000,
    heartbeatIntervalMs: 50,
    clientId: 'worker',
    logger: SILENT,
  })
  const join = () => member.join([{ name: 'p', metadata: Buffer.alloc(0) }], () => new Map())
  await join()
  kafka.broker.controls.inject(Heartbeat.key, { kind: 'error', errorCode: ErrorCode.UNKNOWN_MEMBER_ID }, { times: 1 })
  assert.equal(await member.nextEvent(), 'lost')
  assert.equal(member.memberId, undefined)
  await join()
  assert.notEqual(member.memberId, undefined)
})

test('a heartbeat that fails once is no reason to give up the membership', async () => {
  await using clients = new KafkaClients({ props: { 'bootstrap.servers': kafka.bootstrap }, logger: SILENT })
  await using member = clients.groupMember({
    groupId: `group-${randomUUID()}`,
    protocolType: 'connect',
    sessionTimeoutMs: 6000,
    rebalanceTimeoutMs: 2000,
    heartbeatIntervalMs: 50,
    clientId: 'worker',
    logger: SILENT,
  })
  await member.join([{ name: 'p', metadata: Buffer.alloc(0) }], () => new Map())
  const { controls } = kafka.broker
  for (const fault of [
    { kind: 'cut' },
    { kind: 'error', errorCode: ErrorCode.NOT_COORDINATOR },
    { kind: 'cut-after' },
  ] as const) {
    controls.inject(Heartbeat.key, fault, { times: 1 })
    const beats = controls.requests(Heartbeat.key) + 3
    while (controls.requests(Heartbeat.key) < beats) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.equal(member.event, undefined)
})

test('a commit finds the coordinator again when it has moved', async () => {
  const topic = await kafka.topic()
  const groupId = `group-${randomUUID()}`
  await using clients = new KafkaClients({ props: { 'bootstrap.servers': kafka.bootstrap }, logger: SILENT })
  kafka.broker.controls.inject(OffsetCommit.key, { kind: 'error', errorCode: ErrorCode.NOT_COORDINATOR }, { times: 2 })
  await clients.admin().alterGroupOffsets(groupId, [{ topic, partition: 0, offset: 4 }])
  assert.deepEqual(await clients.admin().listGroupOffsets(groupId), [{ topic, partition: 0, offset: 4 }])
})

test(
  'a request is answered or fails at once, however shortly before it the client closes',
  { timeout: 15_000 },
  async () => {
    const topic = await kafka.topic()
    for (let steps = 0; steps < 40; steps++) {
      const cluster = new Cluster(clientOptions({ 'bootstrap.servers': kafka.bootstrap }), SILENT)
      await cluster.refresh([topic])
      const request = { topics: [{ name: topic }], allowAutoTopicCreation: false }
      const sending = cluster.send('any', Metadata, request, { limit: 12 }).catch((error: unknown) => error)
      for (let step = 0; step < steps; step++) await undefined
      await cluster[Symbol.asyncDispose]()
      await sending
    }
  },
)
