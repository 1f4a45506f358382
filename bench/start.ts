// npm run bench -- start [--repeat 5] [--kafka apache|embedded]
// From exec of the worker to GET / = 200; then from the POST of a FileStreamSource to its record in the topic. Run 1 has empty
// internal topics, the later ones find them as they are.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Lab } from '../test/cluster/support/lab.ts'
import { numberFlag } from './support/flags.ts'
import { kafkaFlag } from './support/kafka-flag.ts'
import { ProcessUsage } from './support/process-usage.ts'
import { report } from './support/report.ts'
import type { Row } from './support/report.ts'
import { Topic } from './support/topic.ts'

export async function bench(flags: ReadonlyMap<string, string>): Promise<void> {
  const repeat = numberFlag(flags, 'repeat', 5)
  await using lab = await Lab.start({ workers: 1, kafka: kafkaFlag(flags), startWorkers: false })
  const worker = lab.workers[0]!
  const results: Row[] = []
  for (let run = 1; run <= repeat; run++) {
    const exec = performance.now()
    await worker.launch()
    await answers(`${lab.rest.urls[0]}/`)
    const ready = performance.now() - exec
    using usage = await ProcessUsage.of(worker.pid!)
    const cpu = await usage.cpuSinceStart()

    const topicName = `lines-${run}`
    await using topic = new Topic(lab.kafka.bootstrap, topicName)
    await topic.create()
    const file = join(lab.dir, `${topicName}.txt`)
    await writeFile(file, 'one\n')
    const posted = performance.now()
    await lab.rest.put(`file-${run}`, {
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
      'tasks.max': '1',
      file,
      topic: topicName,
    })
    await topic.untilCount(1, 60_000)
    results.push({
      run,
      'REST ready ms': ready,
      'CPU-s to ready': cpu,
      'POST to record ms': performance.now() - posted,
    })
    await lab.rest.request('DELETE', `/connectors/file-${run}`)
    await worker.stop()
  }
  report('start', { kafka: kafkaFlag(flags) }, results)
}

async function answers(url: string): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0, // nobody listens yet
    )
    if (status === 200) return
    if (Date.now() > deadline) throw new Error(`${url} does not answer after 60 s`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
