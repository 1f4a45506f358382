// npm run bench -- cdc [--rows 1000000] [--tx 10] [--repeat 3] [--kafka apache|embedded] [--compression lz4]
// The connector is stopped, the rows are written in transactions of --tx rows, then it resumes: from the PUT to the broker's
// append time of the last row; every row is then read back from the topic.
import { cdcConfig, Lab } from '../test/cluster/support/lab.ts'
import { isRunning } from '../test/cluster/support/rest.ts'
import { until } from '../test/cluster/support/until.ts'
import { connectTo } from './support/database.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { producerFlag } from './support/producer-flag.ts'
import { ProcessUsage } from './support/process-usage.ts'
import { megabytes, report } from './support/report.ts'
import type { Row } from './support/report.ts'
import { Topic, verifyRows } from './support/topic.ts'

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const rows = numberFlag(flags, 'rows', 1_000_000)
  const tx = numberFlag(flags, 'tx', 10)
  const repeat = numberFlag(flags, 'repeat', 3)
  await using lab = await Lab.start({ workers: 1, kafka: kafkaFlag(flags) })
  await using database = await connectTo(lab)

  const results: Row[] = []
  for (let run = 1; run <= repeat; run++) {
    const name = `cdc-${run}`
    const table = `orders_${run}`
    await database.createOrders(table)
    await using topic = new Topic(lab.kafka.bootstrap, `${name}.public.${table}`)
    await topic.create()
    await lab.rest.put(name, { ...cdcConfig(lab, name, table), 'snapshot.mode': 'no_data', ...producerFlag(flags) })
    await until(async () => isRunning(await lab.rest.status(name)) && (await database.slotActive(name)), {
      timeoutMs: 60_000,
      describe: async () => `${name} RUNNING: ${JSON.stringify(await lab.rest.status(name))}`,
    })
    await lab.rest.request('PUT', `/connectors/${name}/stop`)
    await until(async () => !(await database.slotActive(name)), {
      timeoutMs: 30_000,
      describe: () => `${name} stopped`,
    })
    await database.insertOrders(table, rows, tx)

    using usage = await ProcessUsage.of(lab.workers[0]!.pid!)
    const began = Date.now()
    await lab.rest.request('PUT', `/connectors/${name}/resume`)
    await topic.untilCount(rows, 600_000)
    const cpu = await usage.cpu()
    const { bytes, lastAppend } = await verifyRows(topic, rows)
    const seconds = (lastAppend - began) / 1000
    results.push({
      run: run === 1 ? '1 (cold)' : String(run),
      seconds,
      'rows/s': Math.round(rows / seconds),
      'MB/s': bytes / 1e6 / seconds,
      'CPU-s/M rows': (cpu / rows) * 1e6,
      'peak RSS MB': megabytes(usage.peakRss),
    })
    await lab.rest.request('DELETE', `/connectors/${name}`)
    await database.dropSlot(name)
  }
  report(
    'cdc',
    { rows, 'rows per transaction': tx, kafka: kafkaFlag(flags), compression: flags.get('compression') ?? 'none' },
    results,
  )
}
