// npm run bench -- snapshot [--rows 1000000] [--repeat 3] [--kafka apache|embedded] [--compression lz4]
// From the POST of the connector to the broker's append time of the last row; every row is then read back from the topic.
import { cdcConfig, Lab } from '../test/cluster/support/lab.ts'
import { connectTo } from './support/database.ts'
import { numberFlag } from './support/flags.ts'
import { ProcessUsage } from './support/process-usage.ts'
import { megabytes, report } from './support/report.ts'
import type { Row } from './support/report.ts'
import { Topic, verifyRows } from './support/topic.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { producerFlag } from './support/producer-flag.ts'

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const rows = numberFlag(flags, 'rows', 1_000_000)
  const repeat = numberFlag(flags, 'repeat', 3)
  await using lab = await Lab.start({ workers: 1, kafka: kafkaFlag(flags) })
  await using database = await connectTo(lab)
  await database.createCart(rows)

  const results: Row[] = []
  for (let run = 1; run <= repeat; run++) {
    const name = `snapshot-${run}`
    await using topic = new Topic(lab.kafka.bootstrap, `${name}.public.cart`)
    await topic.create()
    using usage = await ProcessUsage.of(lab.workers[0]!.pid!)
    const began = Date.now()
    await lab.rest.put(name, { ...cdcConfig(lab, name, 'cart'), ...producerFlag(flags) })
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
  report('snapshot', { rows, kafka: kafkaFlag(flags), compression: flags.get('compression') ?? 'none' }, results)
}
