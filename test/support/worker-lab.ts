import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedKafka } from '@naru/embedded/kafka'
import { startDistributed } from '../../runtime/index.ts'
import type { RunningWorker } from '../../runtime/index.ts'
import type { Plugin, Props } from '../../runtime/api/index.ts'
import { silentLogger } from '../../runtime/telemetry/context-logger.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  /** Parsed; undefined when the answer was empty. */
  readonly body: unknown
}

/** A JSON request to a worker. */
export async function ask(
  { restUrl }: RunningWorker,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const raw = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(restUrl + path, {
    method,
    headers: raw === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(raw === undefined ? {} : { body: raw }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

/** Asks until `check` says yes; fails with what it saw last. */
export async function eventually(what: string, check: () => Promise<unknown>, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const seen = await check()
    if (seen === true) return
    if (Date.now() > deadline)
      throw new Error(`${what}: not within ${timeoutMs} ms; last seen: ${JSON.stringify(seen)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** One cluster for workers of this process: the Kafka of KAFKA_BOOTSTRAP, or an embedded one that can be stopped and started. */
export class WorkerLab implements AsyncDisposable {
  readonly folder: string
  readonly #workers = new Set<RunningWorker>()
  readonly #id = randomBytes(4).toString('hex')
  #kafka: EmbeddedKafka | undefined
  #bootstrap: string

  private constructor(folder: string, kafka: EmbeddedKafka | undefined) {
    this.folder = folder
    this.#kafka = kafka
    this.#bootstrap = kafka?.bootstrap ?? process.env.KAFKA_BOOTSTRAP!
  }

  static async open({ embedded = false }: { readonly embedded?: boolean } = {}): Promise<WorkerLab> {
    const folder = await mkdtemp(join(tmpdir(), 'naru-workers-'))
    if (process.env.KAFKA_BOOTSTRAP !== undefined && !embedded) return new WorkerLab(folder, undefined)
    return new WorkerLab(folder, await EmbeddedKafka.start({ dataDir: join(folder, 'kafka'), logger: silentLogger }))
  }

  /** A name of this lab alone: real brokers are shared. */
  name(of: string): string {
    return `${of}-${this.#id}`
  }

  get bootstrap(): string {
    return this.#bootstrap
  }

  async worker(options: { readonly props?: Props; readonly plugins?: readonly Plugin[] } = {}): Promise<RunningWorker> {
    const worker = await startDistributed({
      logger: silentLogger,
      plugins: options.plugins ?? [],
      props: {
        'bootstrap.servers': this.bootstrap,
        'group.id': this.name('workers'),
        'config.storage.topic': this.name('configs'),
        'offset.storage.topic': this.name('offsets'),
        'status.storage.topic': this.name('statuses'),
        'config.storage.replication.factor': '1',
        'offset.storage.replication.factor': '1',
        'status.storage.replication.factor': '1',
        'offset.storage.partitions': '2',
        'status.storage.partitions': '1',
        'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
        'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
        'offset.flush.interval.ms': '200',
        'scheduled.rebalance.max.delay.ms': '0',
        'heartbeat.interval.ms': '300',
        listeners: 'http://127.0.0.1:0',
        ...options.props,
      },
    })
    this.#workers.add(worker)
    return worker
  }

  async stop(worker: RunningWorker): Promise<void> {
    this.#workers.delete(worker)
    await worker[Symbol.asyncDispose]()
  }

  async stopKafka(): Promise<void> {
    await this.#kafka?.[Symbol.asyncDispose]()
  }

  /** On the port it had. */
  async startKafka(): Promise<void> {
    const port = Number(this.#bootstrap.split(':')[1])
    this.#kafka = await EmbeddedKafka.start({ dataDir: join(this.folder, 'kafka'), port, logger: silentLogger })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => this.stop(worker)))
    await this.stopKafka()
    await rm(this.folder, { recursive: true, force: true })
  }
}
