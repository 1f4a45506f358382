// npm run bench -- kafka-client [--mb 200] [--kafka apache|embedded]
// Produce, plainly and in transactions of 10 MB, then consume, records of 100 B and 1 KB in one partition with this process's Kafka client;
// the broker is another process. Then small transactions one after the other, beside those of kafkajs.
import { Lab } from '../test/cluster/support/lab.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { report } from './support/report.ts'
import type { Row } from './support/report.ts'
import { Topic } from './support/topic.ts'
import { kafkajsTransactions, ourTransactions, timesRow } from './support/transactions.ts'

const BATCH = 2_000
const TRANSACTION_BYTES = 10e6
const PRODUCER = { 'linger.ms': '5', 'batch.size': '262144', 'enable.idempotence': 'true' }

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const megabytes = numberFlag(flags, 'mb', 200)
  await using lab = await Lab.start({ workers: 0, kafka: kafkaFlag(flags) })
  const results: Row[] = []
  for (const size of [100, 1_000]) {
    await using topic = new Topic(lab.kafka.bootstrap, `size-${size}`)
    await topic.create()
    const count = Math.round((megabytes * 1e6) / size / BATCH) * BATCH
    await measure(results, `produce ${size} B`, count, size, () => produce(topic, count, size))
    let read = 0
    await measure(results, `consume ${size} B`, count, size, () =>
      topic.read(count, (records) => (read += records.length)),
    )
    if (read !== count) throw new Error(`${read} of ${count} records read`)
    await using transactional = new Topic(lab.kafka.bootstrap, `transactional-${size}`)
    await transactional.create()
    await measure(results, `produce ${size} B in transactions`, count, size, () =>
      produceInTransactions(transactional, count, size),
    )
  }
  await using small = new Topic(lab.kafka.bootstrap, 'small-transactions')
  await small.create()
  results.push(timesRow('transaction of 1 record', await ourTransactions(small, 300)))
  results.push(timesRow('the same with kafkajs', await kafkajsTransactions(lab.kafka.bootstrap, small, 20)))
  report('kafka-client', { mb: megabytes, kafka: kafkaFlag(flags) }, results)
}

async function measure(
  results: Row[],
  what: string,
  count: number,
  size: number,
  run: () => Promise<void>,
): Promise<void> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  await run()
  const seconds = (performance.now() - began) / 1000
  const used = process.cpuUsage(cpu)
  results.push({
    what,
    'records/s': Math.round(count / seconds),
    'MB/s': (count * size) / 1e6 / seconds,
    'CPU-s/M records': (used.user + used.system) / count,
  })
}

async function produce(topic: Topic, count: number, size: number): Promise<void> {
  await using producer = topic.clients.producer(PRODUCER)
  const failures: Error[] = []
  const listener = {
    delivered: () => undefined,
    failed: (_: readonly unknown[], error: Error) => void failures.push(error),
  }
  const value = Buffer.alloc(size, 'x')
  const records = Array.from({ length: BATCH }, () => ({ topic: topic.name, partition: 0, key: null, value }))
  for (let sent = 0; sent < count; sent += BATCH) await producer.send(records, listener)
  await producer.flush()
  if (failures[0] !== undefined) throw failures[0]
}

async function produceInTransactions(topic: Topic, count: number, size: number): Promise<void> {
  await using producer = topic.clients.transactionalProducer({ ...PRODUCER, 'transactional.id': `bench-${size}` })
  await producer.initTransactions()
  const listener = { delivered: () => undefined, failed: () => undefined }
  const value = Buffer.alloc(size, 'x')
  const records = Array.from({ length: BATCH }, () => ({ topic: topic.name, partition: 0, key: null, value }))
  const perTransaction = TRANSACTION_BYTES / size
  for (let sent = 0; sent < count;) {
    producer.begin()
    for (let i = 0; i < perTransaction && sent < count; i += BATCH, sent += BATCH)
      await producer.send(records, listener)
    await producer.commit()
  }
}
