// npm run bench -- recovery [--kills 10] [--pairs 5] [--kafka apache|embedded]
// SIGKILL of one of three workers, in turn, until a line that is written at that moment has come out of every pair of connectors. Session timeouts are
// Kafka Connect's defaults (10 s worker, 45 s consumer); scheduled.rebalance.max.delay.ms is 0.
import { FilePairs } from '../test/cluster/support/file-pairs.ts'
import { Fleet } from '../test/cluster/support/fleet.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { percentile, report } from './support/report.ts'

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const kills = numberFlag(flags, 'kills', 10)
  const count = numberFlag(flags, 'pairs', 5)
  await using fleet = await Fleet.start({ workers: 3, kafka: kafkaFlag(flags) })
  const pairs = new FilePairs(fleet, count)
  await pairs.create()
  await pairs.write('first')
  await pairs.allArrive('first', performance.now())
  const times: number[] = []
  for (let kill = 0; kill < kills; kill++) {
    const victim = fleet.workers[kill % 3]!
    await victim.kill()
    const killedAt = performance.now()
    await pairs.write(`kill ${kill}`)
    const ms = await pairs.allArrive(`kill ${kill}`, killedAt)
    times.push(ms)
    process.stdout.write(`kill ${kill}: ${Math.round(ms)} ms\n`)
    await victim.start()
    await pairs.allRun()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
  }
  const sorted = [...times].sort((a, b) => a - b)
  report('recovery', { kills, pairs: count, kafka: kafkaFlag(flags) }, [
    { 'SIGKILL of a worker': 'data flows', 'p50 ms': percentile(sorted, 50), 'p99 ms': percentile(sorted, 99) },
  ])
}
