// npm run bench -- idle [--seconds 60] [--kafka apache|embedded]
// A worker alone, then with one idle CDC connector: resident memory and share of a core.
import { cdcConfig, Lab } from '../test/cluster/support/lab.ts'
import { isRunning } from '../test/cluster/support/rest.ts'
import { until } from '../test/cluster/support/until.ts'
import { connectTo } from './support/database.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { ProcessUsage } from './support/process-usage.ts'
import { megabytes, report } from './support/report.ts'
import type { Row } from './support/report.ts'

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const seconds = numberFlag(flags, 'seconds', 60)
  await using lab = await Lab.start({ workers: 1, kafka: kafkaFlag(flags) })
  await using database = await connectTo(lab)
  await database.createOrders('orders')
  const results: Row[] = [await observe('no connector', lab, seconds)]
  await lab.rest.put('idle', cdcConfig(lab, 'idle', 'orders'))
  await until(async () => isRunning(await lab.rest.status('idle')) && (await database.slotActive('idle')), {
    timeoutMs: 60_000,
    describe: async () => `idle RUNNING: ${JSON.stringify(await lab.rest.status('idle'))}`,
  })
  results.push(await observe('one CDC connector', lab, seconds))
  report('idle', { seconds, kafka: kafkaFlag(flags) }, results)
}

async function observe(what: string, lab: Lab, seconds: number): Promise<Row> {
  using usage = await ProcessUsage.of(lab.workers[0]!.pid!)
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  return { worker: what, 'RSS MB': megabytes(await usage.rss()), '% of a core': ((await usage.cpu()) / seconds) * 100 }
}
