import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { KafkaClients } from '../../../runtime/kafka/kafka-clients.ts'
import { RealKafka } from '../../../scripts/real-kafka.ts'
import { SILENT } from '../support/kafka-under-test.ts'

const PARTITIONS = 3

test('SIGKILL of Apache Kafka in the middle of transactions: every number is read once and in order, and the producer goes on', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'naru-killed-kafka-'))
  try {
    await using kafka = await RealKafka.start({ dataDir })
    await using clients = new KafkaClients({ props: { 'bootstrap.servers': kafka.bootstrap }, logger: SILENT })
    await clients.admin().createTopic({ name: 'numbers', partitions: PARTITIONS })
    await using tx = clients.transactionalProducer({ 'transactional.id': 'numbers', 'linger.ms': '0' })
    await tx.initTransactions()
    const listener = { delivered: () => undefined, failed: () => undefined }
    let next = 0
    /** One more transaction; every fifth is aborted, and its numbers come again. */
    const transact = async (round: number): Promise<void> => {
      const numbers = Array.from({ length: 90 }, (_, i) => next + i)
      tx.begin()
      try {
        for (let i = 0; i < numbers.length; i += 30)
          await tx.send(
            numbers.slice(i, i + 30).map((number) => ({
              topic: 'numbers',
              partition: number % PARTITIONS,
              key: null,
              value: Buffer.from(String(number)),
            })),
            listener,
          )
        if (round % 5 === 4) return await tx.abort()
        await tx.commit()
        next += numbers.length
      } catch (error) {
        if (tx.state !== 'abortable') throw error
        await tx.abort()
      }
    }
    for (let kill = 0; kill < 2; kill++) {
      for (let round = 0; round < 20; round++) await transact(round)
      let killed = false
      const restarted = (async () => {
        await kafka.killNode(1)
        killed = true
        await kafka.startNode(1)
      })()
      for (let round = 0; !killed; round++) await transact(round)
      await restarted
    }
    for (let round = 0; round < 10; round++) await transact(round)
    await using fetcher = clients.fetcher({ 'isolation.level': 'read_committed' })
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
    fetcher.assign(all.map((partition) => ({ topic: 'numbers', partition, offset: 'earliest' as const })))
    const found: number[][] = all.map(() => [])
    const deadline = Date.now() + 30_000
    // one poll more than needed, to see what is there too often
    for (let extra = 2; extra > 0 && Date.now() < deadline;) {
      for (const { partition, value } of await fetcher.poll({ timeoutMs: 500 }))
        found[partition]!.push(Number(String(value)))
      if (found.flat().length >= next) extra--
    }
    for (const partition of all)
      assert.deepEqual(
        found[partition],
        Array.from({ length: next / PARTITIONS }, (_, i) => i * PARTITIONS + partition),
      )
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
