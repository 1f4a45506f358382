import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FetchedRecord } from '../../runtime/kafka/fetcher.ts'
import { clientOptions } from '../../runtime/kafka/client-options.ts'
import { Cluster } from '../../runtime/kafka/cluster.ts'
import { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import { KafkaUnderTest, SILENT } from './support/kafka-under-test.ts'
import { TwoBrokers } from './support/two-brokers.ts'

let kafka: KafkaUnderTest
before(async () => {
  kafka = await KafkaUnderTest.embedded()
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
})

/** Between the death of a broker and the election of its successors. */
const ELECTION_MS = 1500
/** Pauses grow to 1.2 s (retry.backoff.max.ms with jitter), and one may just have begun; the rest is for a busy machine. */
const SOON_MS = 6000

function clientsOf(brokers: TwoBrokers): KafkaClients {
  return new KafkaClients({ props: { 'bootstrap.servers': brokers.bootstrap }, logger: SILENT })
}

const record = (topic: string, value: string) => ({ topic, key: null, value: Buffer.from(value) })

/** Polls until a record has this value. */
async function reads(
  poll: () => Promise<readonly FetchedRecord[]>,
  wanted: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    if ((await poll()).some(({ value }) => String(value) === wanted)) return
  }
}

test('a broker that is not in the metadata any more leads no topic, also none that was not asked for', async () => {
  await using brokers = await TwoBrokers.before(kafka.broker.port)
  await using cluster = new Cluster(clientOptions({ 'bootstrap.servers': brokers.bootstrap }), SILENT)
  const [asked, other] = [await kafka.topic(), await kafka.topic()]
  await cluster.refresh([asked, other])
  assert.deepEqual([cluster.leader(asked, 0), cluster.leader(other, 0)], [1, 1])
  await brokers.kill(1)
  brokers.listed = [2]
  await cluster.refresh([asked])
  assert.deepEqual([cluster.leader(asked, 0), cluster.leader(other, 0)], [undefined, undefined], 'nobody is elected')
  brokers.leader = 2
  await cluster.refresh([asked])
  assert.deepEqual([cluster.leader(asked, 0), cluster.leader(other, 0)], [2, undefined])
})

test('every client finds the successor of a broker that was killed', async (t) => {
  await using brokers = await TwoBrokers.before(kafka.broker.port)
  await using clients = clientsOf(brokers)
  const [topic, transactions] = [await kafka.topic(), await kafka.topic()]
  const groupId = `group-${randomUUID()}`
  await using producer = clients.producer({ 'linger.ms': '0' })
  await using fetcher = clients.fetcher()
  await using consumer = clients.consumer({ 'group.id': groupId, 'auto.offset.reset': 'earliest' })
  await using tx = clients.transactionalProducer({ 'transactional.id': `tx-${randomUUID()}`, 'linger.ms': '0' })
  let lost = 0
  consumer.subscribe([topic], { assigned: async () => {}, revoked: async () => {}, lost: async () => void lost++ })
  fetcher.assign([{ topic, partition: 0, offset: 'earliest' }])
  await tx.initTransactions()
  const failures: Error[] = []
  const outcome = { delivered: () => undefined, failed: (_: unknown, error: Error) => void failures.push(error) }
  const patience = AbortSignal.timeout(60_000)
  const fetched = (value: string) => reads(() => fetcher.poll({ timeoutMs: 200 }), value, patience)
  const consumed = (value: string) => reads(() => consumer.poll({ timeoutMs: 200 }), value, patience)
  const committed = async (value: string): Promise<void> => {
    tx.begin()
    await tx.send([record(transactions, value)], outcome)
    await tx.commit()
  }
  await producer.sendAndWait([record(topic, 'before')])
  await Promise.all([fetched('before'), consumed('before'), committed('before')])

  await brokers.kill(1)
  const times = new Map<string, number>()
  let electedAt = 0
  const timed = async (what: string, done: Promise<unknown>): Promise<void> => {
    await done
    times.set(what, performance.now() - electedAt)
  }
  const all = [
    timed('producer', producer.sendAndWait([record(topic, 'after')])),
    timed('fetcher', fetched('after')),
    timed('consumer', consumed('after')),
    timed('commit of offsets', consumer.commit([{ topic, partition: 0, offset: 1 }])),
    timed('transaction', committed('after')),
  ]
  await sleep(ELECTION_MS)
  assert.equal(times.size, 0, 'nobody leads')
  brokers.leader = 2
  electedAt = performance.now()
  await Promise.all(all)
  for (const [what, ms] of times) {
    t.diagnostic(`${what}: ${Math.round(ms)} ms after the election`)
    assert.ok(ms < SOON_MS, `${what} took ${ms} ms`)
  }
  assert.deepEqual([failures, lost], [[], 0])
})

test('a broker that is frozen holds up no question to the cluster', async (t) => {
  await using brokers = await TwoBrokers.before(kafka.broker.port)
  brokers.leader = 2
  brokers.freeze(1)
  t.mock.method(Math, 'random', () => 0) // the frozen one is asked first
  await using clients = clientsOf(brokers)
  const topic = await kafka.topic()
  await using producer = clients.producer({ 'linger.ms': '0' })
  await using member = clients.groupMember({
    groupId: `group-${randomUUID()}`,
    protocolType: 'connect',
    sessionTimeoutMs: 6000,
    rebalanceTimeoutMs: 2000,
    heartbeatIntervalMs: 1000,
    clientId: 'worker',
    logger: SILENT,
  })
  const began = performance.now()
  await Promise.all([
    producer.sendAndWait([record(topic, 'a')]),
    member.join([{ name: 'p', metadata: Buffer.alloc(0) }], () => new Map()),
    clients.admin().describeTopics([topic]),
  ])
  // long before socket.connection.setup.timeout.ms, 10 s, and request.timeout.ms, 30 s
  const ms = performance.now() - began
  assert.ok(ms < 8000, `${ms} ms`)
})
