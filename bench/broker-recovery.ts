// npm run bench -- broker-recovery [--kills 15]
// SIGKILL of one of three brokers of Apache Kafka, in turn, under two exactly-once sources and a sink: the longest time without a record of a task,
// in the topic (read_committed) and out of the sink. broker.session.timeout.ms is 3 s: before that Kafka itself does not know of the failure.
import { BrokerLab } from '../test/cluster/support/broker-lab.ts'
import { numberFlag } from './support/flags.ts'
import { percentile, report } from './support/report.ts'
import type { Row } from './support/report.ts'

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const kills = numberFlag(flags, 'kills', 15)
  await using brokers = await BrokerLab.start([1, 1])
  const times = { elected: [] as number[], topic: [] as number[], file: [] as number[] }
  for (let kill = 0; kill < kills; kill++) {
    const node = (kill % 3) + 1
    const led = (await brokers.ledBy(node)).length
    const elected = await brokers.kill(node)
    const { topic, file } = brokers.pauses
    times.elected.push(elected)
    times.topic.push(topic)
    times.file.push(file)
    process.stdout.write(
      `node ${node}, led ${led} partitions: other leaders ${elected} ms, topic ${topic} ms, sink ${file} ms\n`,
    )
    await brokers.restart(node)
    await brokers.flows()
  }
  report('broker-recovery', { kills }, [
    row('Kafka has other leaders', times.elected),
    row('records in the topic again', times.topic),
    row('records out of the sink again', times.file),
  ])
}

function row(what: string, times: readonly number[]): Row {
  const sorted = [...times].sort((a, b) => a - b)
  return { 'SIGKILL of a broker': what, 'p50 ms': percentile(sorted, 50), 'worst ms': sorted.at(-1) ?? 0 }
}
