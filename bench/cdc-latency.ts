// npm run bench -- cdc-latency [--rates 1000,10000] [--seconds 30] [--kafka apache|embedded]
// From the moment COMMIT was sent to the moment a live consumer has the record; five seconds of warm-up are not counted.
import { cdcConfig, Lab } from '../test/cluster/support/lab.ts'
import { isRunning } from '../test/cluster/support/rest.ts'
import { until } from '../test/cluster/support/until.ts'
import { connectTo } from './support/database.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { ProcessUsage } from './support/process-usage.ts'
import { megabytes, percentile, report } from './support/report.ts'
import type { Row } from './support/report.ts'
import { Topic } from './support/topic.ts'

const WARM_UP_MS = 5_000
const TICK_MS = 10

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const rates = (flags.get('rates') ?? '1000,10000').split(',').map(Number)
  const seconds = numberFlag(flags, 'seconds', 30)
  await using lab = await Lab.start({ workers: 1, kafka: kafkaFlag(flags) })
  await using database = await connectTo(lab)
  const results: Row[] = []
  for (const [i, rate] of rates.entries()) {
    const name = `latency-${i}`
    const table = `ticks_${i}`
    await database.createTicks(table)
    await using topic = new Topic(lab.kafka.bootstrap, `${name}.public.${table}`)
    await topic.create()
    await lab.rest.put(name, { ...cdcConfig(lab, name, table), 'snapshot.mode': 'no_data' })
    await until(async () => isRunning(await lab.rest.status(name)) && (await database.slotActive(name)), {
      timeoutMs: 60_000,
      describe: async () => `${name} RUNNING: ${JSON.stringify(await lab.rest.status(name))}`,
    })
    using usage = await ProcessUsage.of(lab.workers[0]!.pid!)
    const began = Date.now()
    const writing = writeTicks(database, table, rate, WARM_UP_MS + seconds * 1000)
    const latencies = await receive(topic, writing, began + WARM_UP_MS)
    const written = await writing
    const cpu = await usage.cpu()
    latencies.sort((a, b) => a - b)
    results.push({
      'rows/s': Math.round(written / (WARM_UP_MS / 1000 + seconds)),
      'p50 ms': percentile(latencies, 50),
      'p99 ms': percentile(latencies, 99),
      'max ms': latencies.at(-1) ?? 0,
      'CPU-s/M rows': (cpu / written) * 1e6,
      'peak RSS MB': megabytes(usage.peakRss),
    })
    await lab.rest.request('DELETE', `/connectors/${name}`)
    await database.dropSlot(name)
  }
  report('cdc-latency', { seconds, kafka: kafkaFlag(flags) }, results)
}

type Database = Awaited<ReturnType<typeof connectTo>>

/** One transaction per tick with as many rows as the rate asks for; each row carries the time just before its statement. */
async function writeTicks(database: Database, table: string, rate: number, forMs: number): Promise<number> {
  const began = Date.now()
  let written = 0
  for (;;) {
    const elapsed = Date.now() - began
    if (elapsed >= forMs) return written
    const due = Math.floor((elapsed / 1000) * rate) - written
    if (due > 0) {
      await database.insertTicks(table, written + 1, due)
      written += due
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS - ((Date.now() - began) % TICK_MS)))
  }
}

async function receive(topic: Topic, writing: Promise<number>, countFrom: number): Promise<number[]> {
  const latencies: number[] = []
  let written: number | undefined
  void writing.then((rows) => (written = rows))
  await using fetcher = topic.clients.fetcher({ 'fetch.min.bytes': '1' })
  fetcher.assign([{ topic: topic.name, partition: 0, offset: 'earliest' }])
  for (let read = 0; written === undefined || read < written;) {
    const records = await fetcher.poll({ timeoutMs: 200 })
    const now = performance.timeOrigin + performance.now()
    for (const record of records) {
      read++
      const sent = Number(/"sent":([\d.E]+)/.exec(record.value!.latin1Slice())![1])
      if (sent >= countFrom) latencies.push(now - sent)
    }
  }
  return latencies
}
