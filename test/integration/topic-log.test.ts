import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { LogEntry } from '../../runtime/storage/log.ts'
import { TopicLog } from '../../runtime/storage/topic-log.ts'
import { KafkaUnderTest, SILENT } from './support/kafka-under-test.ts'

let kafka: KafkaUnderTest
before(async () => {
  kafka = await KafkaUnderTest.start()
})
after(async () => {
  await kafka[Symbol.asyncDispose]()
})

const entry = (text: string): LogEntry => ({ key: Buffer.from(text), value: Buffer.from(text) })

describe('a log whose writers use transactions', () => {
  test(
    'opens before a transaction that a killed writer left open, and reads on to the end when it is over',
    { timeout: 600_000 },
    async () => {
      const topic = `log-${randomUUID()}`
      const seen: string[] = []
      const open = (): Promise<TopicLog> =>
        TopicLog.open(
          {
            topic,
            clients: kafka.clients,
            partitions: 1,
            replicationFactor: 1,
            property: 'offset.storage.topic',
            purpose: 'source connector offsets',
            readCommitted: true,
            logger: SILENT,
          },
          (records) => void seen.push(...records.map(({ key }) => String(key))),
        )
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
