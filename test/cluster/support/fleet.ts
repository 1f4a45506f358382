import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child.ts'
import type { KafkaKind, KafkaUnderTest } from './kafka-under-test.ts'
import { defaultKafka, startKafka } from './kafka-under-test.ts'
import { freePorts } from './ports.ts'
import { RestClient } from './rest.ts'

/** Kafka and workers, each a process of its own, with Kafka Connect's own timeouts unless `props` say otherwise. */
export class Fleet implements AsyncDisposable {
  readonly dir: string
  readonly kafka: KafkaUnderTest
  readonly workers: readonly Child[]
  /** Tries one worker after another. */
  readonly rest: RestClient
  readonly #stack: AsyncDisposableStack

  private constructor(parts: Pick<Fleet, 'dir' | 'kafka' | 'workers' | 'rest'>, stack: AsyncDisposableStack) {
    this.dir = parts.dir
    this.kafka = parts.kafka
    this.workers = parts.workers
    this.rest = parts.rest
    this.#stack = stack
  }

  static async start(options: {
    readonly workers: number
    readonly props?: Readonly<Record<string, string>>
    readonly kafka?: KafkaKind
  }): Promise<Fleet> {
    await using stack = new AsyncDisposableStack()
    const dir = await mkdtemp(join(tmpdir(), 'naru-fleet-'))
    // NARU_KEEP=1 leaves data and logs of every process behind, to look at after a failure.
    if (process.env.NARU_KEEP === undefined) stack.defer(() => rm(dir, { recursive: true, force: true }))
    else process.stderr.write(`logs and data are kept in ${dir}\n`)
    const kafka = stack.use(await startKafka(options.kafka ?? defaultKafka(), dir))
    const ports = await freePorts(options.workers)
    const urls = ports.map((port) => `http://127.0.0.1:${port}`)
    const workers: Child[] = []
    for (const [i, url] of urls.entries()) {
      const file = join(dir, `worker-${i}.properties`)
      const props = { ...workerProps(kafka.bootstrap), listeners: url, ...options.props }
      await writeFile(
        file,
        Object.entries(props)
          .map(([key, value]) => `${key}=${value}\n`)
          .join(''),
      )
      workers.push(
        stack.use(
          new Child({
            name: `worker ${i}`,
            args: ['worker', file],
            logFile: join(dir, `worker-${i}.log`),
            ready: () => isHealthy(url),
          }),
        ),
      )
    }
    await Promise.all(workers.map((worker) => worker.start()))
    return new Fleet({ dir, kafka, workers, rest: new RestClient(urls) }, stack.move())
  }

  urlOf(worker: number): string {
    return this.rest.urls[worker]!
  }

  restOf(worker: number): RestClient {
    return new RestClient([this.urlOf(worker)])
  }

  /** `host:port`, as in statuses. */
  idOf(worker: number): string {
    return new URL(this.urlOf(worker)).host
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

function workerProps(bootstrap: string): Readonly<Record<string, string>> {
  const string = 'org.apache.kafka.connect.storage.StringConverter'
  return {
    'bootstrap.servers': bootstrap,
    'group.id': 'fleet',
    'config.storage.topic': 'fleet-configs',
    'offset.storage.topic': 'fleet-offsets',
    'status.storage.topic': 'fleet-status',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'offset.storage.partitions': '5',
    'key.converter': string,
    'value.converter': string,
    'offset.flush.interval.ms': '1000',
    'scheduled.rebalance.max.delay.ms': '0',
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).status === 200
  } catch {
    return false // not listening yet
  }
}
