// npm run bench -- kafka-client [--mb 200] [--kafka apache|embedded]
// Produce, then consume, records of 100 B and 1 KB in one partition with this process's Kafka client; the broker is another process.
import { Lab } from '../test/cluster/support/lab.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { report } from './support/report.ts'
import type { Row } from './support/report.ts'
import { Topic } from './support/topic.ts'

const BATCH = 2_000

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
  }
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
  await using producer = topic.clients.producer({
    'linger.ms': '5',
    'batch.size': '262144',
    'enable.idempotence': 'true',
  })
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
