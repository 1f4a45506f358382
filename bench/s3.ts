// npm run bench -- s3 [--rows 2000000] [--partitions 4] [--tasks 1] [--flush 50000] [--repeat 3] [--kafka apache|embedded]
// From the POST of the sink to the moment every record is readable in a gzipped object (level 1).
import { Lab, s3Config } from '../test/cluster/support/lab.ts'
import { S3Lines } from '../test/cluster/support/s3-lines.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { ProcessUsage } from './support/process-usage.ts'
import { megabytes, report } from './support/report.ts'
import type { Row } from './support/report.ts'
import { Topic } from './support/topic.ts'

const BATCH = 2_000

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const rows = numberFlag(flags, 'rows', 2_000_000)
  const partitions = numberFlag(flags, 'partitions', 4)
  const tasks = numberFlag(flags, 'tasks', 1)
  const flush = numberFlag(flags, 'flush', 50_000)
  const repeat = numberFlag(flags, 'repeat', 3)
  if (rows % (partitions * flush) !== 0)
    throw new Error(
      `--rows ${rows} must be a multiple of --partitions ${partitions} × --flush ${flush}, so that every object fills`,
    )
  await using lab = await Lab.start({ workers: 1, kafka: kafkaFlag(flags) })
  await using topic = new Topic(lab.kafka.bootstrap, 'clicks', partitions)
  await topic.create()
  await fill(topic, rows, partitions)

  const results: Row[] = []
  for (let run = 1; run <= repeat; run++) {
    const name = `s3-${run}`
    using usage = await ProcessUsage.of(lab.workers[0]!.pid!)
    using s3 = new S3Lines(lab.s3Access)
    const began = Date.now()
    await lab.rest.put(name, {
      ...s3Config(lab, topic.name),
      'tasks.max': String(tasks),
      'topics.dir': name,
      'flush.size': String(flush),
      'rotate.schedule.interval.ms': '-1',
      's3.compression.type': 'gzip',
      's3.compression.level': '1',
    })
    const goal = rows / flush
    const lastModified = await untilObjects(s3, name, goal)
    const cpu = await usage.cpu()
    const seconds = (lastModified - began) / 1000
    const lines = await s3.lines(`${name}/`)
    const distinct = new Set(lines.map((line) => /"id":(\d+)/.exec(line.text)![1])).size
    if (distinct !== rows || lines.length !== rows)
      throw new Error(`${lines.length} lines with ${distinct} distinct ids in S3 instead of ${rows}`)
    results.push({
      run: run === 1 ? '1 (cold)' : String(run),
      seconds,
      'records/s': Math.round(rows / seconds),
      'CPU-s/M records': (cpu / rows) * 1e6,
      'peak RSS MB': megabytes(usage.peakRss),
    })
    await lab.rest.request('DELETE', `/connectors/${name}`)
  }
  report('s3', { rows, partitions, tasks, 'flush.size': flush, kafka: kafkaFlag(flags) }, results)
}

/** JSON of about 200 bytes, dealt over the partitions in turn. */
async function fill(topic: Topic, rows: number, partitions: number): Promise<void> {
  await using producer = topic.clients.producer({ 'linger.ms': '5', 'batch.size': '262144' })
  const failures: Error[] = []
  const listener = {
    delivered: () => undefined,
    failed: (_: readonly unknown[], error: Error) => void failures.push(error),
  }
  for (let from = 0; from < rows; from += BATCH) {
    const records = Array.from({ length: Math.min(BATCH, rows - from) }, (_, i) => ({
      topic: topic.name,
      partition: (from + i) % partitions,
      key: null,
      value: Buffer.from(
        JSON.stringify({
          id: from + i,
          user: `user-${(from + i) % 9973}`,
          path: `/products/${(from + i) % 4999}`,
          ms: i % 977,
          agent: 'x'.repeat(112),
        }),
      ),
    }))
    await producer.send(records, listener)
  }
  await producer.flush()
  if (failures[0] !== undefined) throw failures[0]
}

async function untilObjects(s3: S3Lines, prefix: string, goal: number): Promise<number> {
  const deadline = Date.now() + 600_000
  for (;;) {
    const keys = await s3.keys(`${prefix}/`)
    if (keys.length >= goal) return Date.now()
    if (Date.now() > deadline) throw new Error(`${keys.length} of ${goal} objects after 10 minutes`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
