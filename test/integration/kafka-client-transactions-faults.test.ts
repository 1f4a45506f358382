import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Fault } from '@naru/embedded/kafka'
import { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import {
  AddOffsetsToTxn,
  AddPartitionsToTxn,
  EndTxn,
  ErrorCode,
  FindCoordinator,
  InitProducerId,
  Produce,
  TxnOffsetCommit,
} from '../../runtime/kafka/protocol/index.ts'
import type { TransactionalProducer } from '../../runtime/kafka/transactional-producer.ts'
import { KafkaUnderTest, SILENT } from './support/kafka-under-test.ts'

let kafka: KafkaUnderTest
let clients: KafkaClients
before(async () => {
  kafka = await KafkaUnderTest.embedded()
  clients = new KafkaClients({
    props: { 'bootstrap.servers': kafka.bootstrap, 'request.timeout.ms': '500', 'retry.backoff.ms': '10' },
    logger: SILENT,
  })
})
after(async () => {
  await clients[Symbol.asyncDispose]()
  await kafka[Symbol.asyncDispose]()
})

const NOBODY = { generation: -1, memberId: '' }
const listener = { delivered: () => undefined, failed: () => undefined }

function producer(): TransactionalProducer {
  return clients.transactionalProducer({
    'transactional.id': `tx-${randomUUID()}`,
    'linger.ms': '0',
    'batch.size': '500',
  })
}

/** One transaction; what can only be aborted is aborted and done again, as a task would. */
async function transact(tx: TransactionalProducer, topic: string, groupId: string, round: number): Promise<void> {
  for (;;) {
    tx.begin()
    try {
      for (let i = 0; i < 3; i++)
        await tx.send(
          Array.from({ length: 20 }, (_, k) => ({
            topic,
            partition: k % 2,
            key: null,
            value: Buffer.from(String(round * 60 + i * 20 + k)),
          })),
          listener,
        )
      await tx.sendOffsets([{ topic, partition: 0, offset: round + 1 }], { groupId, ...NOBODY })
      await tx.commit()
      return
    } catch (error) {
      if (tx.state !== 'abortable') throw error
      await tx.abort()
    }
  }
}

async function committedValues(topic: string, count: number): Promise<readonly (readonly number[])[]> {
  await using fetcher = clients.fetcher({ 'isolation.level': 'read_committed', 'fetch.max.wait.ms': '50' })
  fetcher.assign([0, 1].map((partition) => ({ topic, partition, offset: 'earliest' as const })))
  const found: [number[], number[]] = [[], []]
  const deadline = Date.now() + 20_000
  // one poll more than needed, to see what is there too often
  for (let extra = 2; extra > 0 && Date.now() < deadline;) {
    for (const { partition, value } of await fetcher.poll({ timeoutMs: 100 }))
      found[partition === 0 ? 0 : 1].push(Number(String(value)))
    if (found[0].length + found[1].length >= count) extra--
  }
  return found
}

const cases: readonly { readonly api: { key: number; name: string }; readonly faults: readonly Fault[] }[] = [
  InitProducerId,
  AddPartitionsToTxn,
  AddOffsetsToTxn,
  TxnOffsetCommit,
  Produce,
  EndTxn,
].map((api) => ({
  api,
  faults: [
    { kind: 'cut' },
    { kind: 'cut-after' },
    { kind: 'silence' },
    {
      kind: 'error',
      errorCode: api === Produce ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    },
    { kind: 'error', errorCode: api === Produce ? ErrorCode.REQUEST_TIMED_OUT : ErrorCode.NOT_COORDINATOR },
    ...(api === Produce
      ? [{ kind: 'error', errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER } as const]
      : [{ kind: 'error', errorCode: ErrorCode.CONCURRENT_TRANSACTIONS } as const]),
  ],
}))

for (const { api, faults } of cases)
  for (const fault of faults) {
    const what = fault.kind === 'error' ? `answered with error ${fault.errorCode}` : fault.kind
    test(`every transaction is committed once when ${api.name} is ${what}`, async () => {
      const topic = await kafka.topic(2)
      const groupId = `group-${randomUUID()}`
      await using tx = producer()
      const whileInit = api === InitProducerId ? kafka.broker.controls.inject(api.key, fault, { times: 2 }) : undefined
      await tx.initTransactions()
      whileInit?.()
      for (let round = 0; round < 4; round++) {
        const takeBack = round % 2 === 1 ? kafka.broker.controls.inject(api.key, fault, { times: 1 }) : undefined
        await transact(tx, topic, groupId, round)
        takeBack?.()
      }
      const expected = [0, 1].map((partition) => Array.from({ length: 120 }, (_, i) => i * 2 + partition))
      assert.deepEqual(await committedValues(topic, 240), expected)
      assert.deepEqual(await clients.admin().listGroupOffsets(groupId), [{ topic, partition: 0, offset: 4 }])
    })
  }

test('the coordinator cannot be found for a while', async () => {
  const topic = await kafka.topic(2)
  const takeBack = kafka.broker.controls.inject(
    FindCoordinator.key,
    { kind: 'error', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE },
    { times: 3 },
  )
  await using tx = producer()
  await tx.initTransactions()
  takeBack()
  await transact(tx, topic, `group-${randomUUID()}`, 0)
  assert.equal((await committedValues(topic, 60)).flat().length, 60)
})

test('a commit whose caller gives up goes on, and asking again tells how it ended', async () => {
  const topic = await kafka.topic(2)
  await using tx = producer()
  await tx.initTransactions()
  tx.begin()
  await tx.send([{ topic, partition: 0, key: null, value: Buffer.from('0') }], listener)
  const takeBack = kafka.broker.controls.inject(EndTxn.key, { kind: 'silence' }, { times: 1 })
  const impatient = new AbortController()
  const committing = tx.commit(impatient.signal)
  impatient.abort(new Error('no patience'))
  await assert.rejects(committing, /no patience/)
  assert.equal(tx.state, 'in-transaction')
  await tx.commit()
  takeBack()
  assert.equal(tx.state, 'ready')
  assert.deepEqual(await committedValues(topic, 1), [[0], []])
})

test('a restart of the broker in the middle of transactions loses and doubles nothing', async () => {
  const topic = await kafka.topic(2)
  await using tx = producer()
  await tx.initTransactions()
  const groupId = `group-${randomUUID()}`
  const rounds = 12
  let restarting: Promise<void> | undefined
  const writing = (async () => {
    for (let round = 0; round < rounds; round++) {
      await transact(tx, topic, groupId, round)
      if (round === 3) restarting = kafka.restartBroker()
    }
  })()
  await writing
  await restarting
  const expected = [0, 1].map((partition) => Array.from({ length: rounds * 30 }, (_, i) => i * 2 + partition))
  assert.deepEqual(await committedValues(topic, rounds * 60), expected)
})
