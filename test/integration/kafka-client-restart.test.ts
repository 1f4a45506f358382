import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { FetchedRecord } from '../../runtime/kafka/fetcher.ts'
import { KafkaUnderTest } from './support/kafka-under-test.ts'

/** What only a broker in the test's own hands allows: stopping it in the middle. */
test('nothing is lost, doubled or out of order when the broker restarts while records are produced and read', async () => {
  await using kafka = await KafkaUnderTest.embedded()
  const topic = await kafka.topic(2)
  await using producer = kafka.clients.producer({ 'linger.ms': '1', 'batch.size': '2000' })
  await using fetcher = kafka.clients.fetcher()
  fetcher.assign([0, 1].map((partition) => ({ topic, partition, offset: 'earliest' as const })))
  const failures: Error[] = []
  let acknowledged = 0
  const listener = {
    delivered: (records: readonly unknown[]) => void (acknowledged += records.length),
    failed: (_records: readonly unknown[], error: Error) => void failures.push(error),
  }
  const stop = new AbortController()
  let sent = 0
  const producing = (async () => {
    while (!stop.signal.aborted) {
      const records = Array.from({ length: 20 }, () => {
        const value = Buffer.from(String(sent))
        return { topic, partition: sent++ % 2, key: null, value }
      })
      await producer.send(records, listener)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await producer.flush()
  })()
  const read: FetchedRecord[] = []
  const reading = (async () => {
    while (!stop.signal.aborted || read.length < sent) read.push(...(await fetcher.poll({ timeoutMs: 200 })))
  })()
  for (let restarts = 0; restarts < 3; restarts++) {
    const goal = acknowledged + 500
    while (acknowledged < goal) await new Promise((resolve) => setTimeout(resolve, 10))
    await kafka.restartBroker()
  }
  const goal = acknowledged + 500
  while (acknowledged < goal) await new Promise((resolve) => setTimeout(resolve, 10))
  stop.abort()
  await producing
  await reading
  assert.deepEqual(failures, [])
  assert.equal(acknowledged, sent)
  for (const partition of [0, 1]) {
    const values = read.filter((record) => record.partition === partition).map(({ value }) => Number(value))
    assert.deepEqual(
      values,
      Array.from({ length: sent / 2 }, (_, i) => 2 * i + partition),
    )
  }
})

test('a consumer and its commits survive a restart of the broker', async () => {
  await using kafka = await KafkaUnderTest.embedded()
  const topic = await kafka.topic()
  await using producer = kafka.clients.producer()
  const groupId = `group-${randomUUID()}`
  await using consumer = kafka.clients.consumer({
    'group.id': groupId,
    'auto.offset.reset': 'earliest',
    'heartbeat.interval.ms': '100',
    'session.timeout.ms': '10000',
  })
  consumer.subscribe([topic], { assigned: async () => {}, revoked: async () => {}, lost: async () => {} })
  const values = new Set<string>()
  const consumeUntil = async (count: number): Promise<void> => {
    const deadline = Date.now() + 60_000
    while (values.size < count) {
      assert.ok(Date.now() < deadline, `${values.size} of ${count} records`)
      for (const { value } of await consumer.poll({ timeoutMs: 500 })) values.add(String(value))
    }
  }
  await producer.sendAndWait([{ topic, key: null, value: Buffer.from('before') }])
  await consumeUntil(1)
  await consumer.commit([{ topic, partition: 0, offset: 1 }])
  await kafka.restartBroker()
  await producer.sendAndWait([{ topic, key: null, value: Buffer.from('after') }])
  await consumeUntil(2)
  assert.deepEqual(await kafka.clients.admin().listGroupOffsets(groupId), [{ topic, partition: 0, offset: 1 }])
})

test('a fetcher is at the end only when a fetch behind the last record said so, and not while the broker is away', async () => {
  await using kafka = await KafkaUnderTest.embedded()
  const topic = await kafka.topic()
  const at = { topic, partition: 0 }
  await using producer = kafka.clients.producer()
  const values = ['a', 'b', 'c'].map((value) => ({ topic, key: null, value: Buffer.from(value) }))
  await producer.sendAndWait(values)
  await using fetcher = kafka.clients.fetcher({ 'fetch.max.wait.ms': '50' })
  assert.equal(fetcher.atEnd(at), false, 'nothing is assigned')
  fetcher.assign([{ ...at, offset: 1 }])
  assert.equal(fetcher.atEnd(at), false, 'nothing was asked')
  const toEnd = async (): Promise<string> => {
    let read = ''
    while (!fetcher.atEnd(at)) for (const { value } of await fetcher.poll({ timeoutMs: 50 })) read += String(value)
    return read
  }
  assert.equal(await toEnd(), 'bc')
  await kafka.restartBroker(async () => {
    fetcher.seek(topic, 0, 0)
    for (let i = 0; i < 5; i++) assert.deepEqual(await fetcher.poll({ timeoutMs: 50 }), [])
    assert.equal(fetcher.atEnd(at), false, 'nobody answered')
  })
  assert.equal(await toEnd(), 'abc')
})
