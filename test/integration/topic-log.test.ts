import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { ConfigBackingStore } from '../../runtime/storage/config-backing-store.ts'
import type { Log, LogEntry, OpenLog } from '../../runtime/storage/log.ts'
import { OffsetBackingStore } from '../../runtime/storage/offset-backing-store.ts'
import { TopicLog } from '../../runtime/storage/topic-log.ts'
import { KafkaUnderTest, SILENT } from './support/kafka-under-test.ts'

const isExternal = process.env['KAFKA_BOOTSTRAP'] !== undefined
let kafka: KafkaUnderTest
before(async () => {
  kafka = await KafkaUnderTest.start()
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
})

const entry = (text: string): LogEntry => ({ key: Buffer.from(text), value: Buffer.from(text) })

const openLog = (topic: string, more: { readonly readCommitted?: boolean } = {}): OpenLog => {
  const described = { topic, partitions: 1, replicationFactor: 1, property: 'storage.topic', purpose: 'a test' }
  return (reader) => TopicLog.open({ ...described, ...more, clients: kafka.clients, logger: SILENT }, reader)
}

const API_KEY_FETCH = 1

/** Whoever does not wait for what is read sees the old state meanwhile. */
function slowReading(): Disposable {
  if (isExternal) return { [Symbol.dispose]: () => undefined }
  return { [Symbol.dispose]: kafka.broker.controls.inject(API_KEY_FETCH, { kind: 'delay', ms: 20 }) }
}

describe('stores on a topic', () => {
  test('a config that is written is in the state', { timeout: 600_000 }, async () => {
    await using store = await ConfigBackingStore.open({ open: openLog(`log-${randomUUID()}`), logger: SILENT })
    using _ = slowReading()
    for (let n = 0; n < 5; n++) {
      await store.putConnector('c', { n: String(n) })
      assert.deepEqual(store.state.connectors.get('c'), { n: String(n) })
    }
    await store.removeConnector('c')
    assert.equal(store.state.connectors.size, 0)
  })

  test('an offset that one worker wrote or removed is what another reads next', { timeout: 600_000 }, async () => {
    const open = openLog(`log-${randomUUID()}`)
    await using ours = await OffsetBackingStore.open({ open })
    await using theirs = await OffsetBackingStore.open({ open })
    const partition = { file: 'f' }
    using _ = slowReading()
    for (let position = 0; position < 5; position++) {
      await ours.write('c', [{ partition, offset: { position } }])
      assert.deepEqual(await theirs.read('c', [partition]), [{ position }])
    }
    await ours.write('c', [{ partition, offset: null }])
    assert.deepEqual(await theirs.read('c', [partition]), [undefined])
    assert.deepEqual(await theirs.list('c'), [])
  })
})

describe('a log whose writers use transactions', () => {
  test(
    'opens before a transaction that a killed writer left open, and reads on to the end when it is over',
    { timeout: 600_000 },
    async () => {
      const topic = `log-${randomUUID()}`
      const seen: string[] = []
      const open = (): Promise<Log> =>
        openLog(topic, { readCommitted: true })((records) => void seen.push(...records.map(({ key }) => String(key))))
      {
        await using log = await open()
        await log.append([entry('before')])
      }
      seen.length = 0
      // it does not end by itself within this test
      const transactional = {
        'transactional.id': `tx-${topic}`,
        'linger.ms': '0',
        'transaction.timeout.ms': '600000',
      }
      const killed = kafka.clients.transactionalProducer(transactional)
      await killed.initTransactions()
      killed.begin()
      const written = Promise.withResolvers<void>()
      await killed.send([{ topic, ...entry('of the killed') }], {
        delivered: () => written.resolve(),
        failed: (_, error) => written.reject(error),
      })
      await written.promise
      killed.abandon()

      await using log = await open()
      assert.deepEqual(seen, ['before'])

      await log.append([entry('behind it')])
      const end = log.readToEnd()
      // the task starts again: its new producer ends what the old one left
      const next = kafka.clients.transactionalProducer(transactional)
      await next.initTransactions()
      await end
      assert.deepEqual(seen, ['before', 'behind it'])
      next.abandon()
    },
  )
})
