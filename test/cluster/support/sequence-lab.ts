import { join } from 'node:path'
import { KafkaClients } from '../../../runtime/kafka/kafka-clients.ts'
import { silentLogger } from '../../../runtime/telemetry/context-logger.ts'
import type { Child } from './child.ts'
import type { KafkaKind, KafkaUnderTest } from './kafka-under-test.ts'
import { defaultKafka, startKafka } from './kafka-under-test.ts'
import { RestClient } from './rest.ts'
import { SequenceReader } from './sequence-reader.ts'
import { until } from './until.ts'
import type { WorkerProps } from './workers.ts'
import { groupProps, newRun, scratchFolder, SHORT_SESSIONS, startWorkers, STRINGS } from './workers.ts'

const PLUGIN = join(import.meta.dirname, '..', 'sequence-plugin')
const PARTITIONS = 3

/** Brokers, workers and a reader; two connectors whose transactions end at each poll and by the clock. */
export class SequenceLab implements AsyncDisposable {
  readonly dir: string
  readonly brokers: KafkaUnderTest
  readonly workers: readonly Child[]
  readonly rest: RestClient
  readonly reader: SequenceReader
  readonly exactlyOnce: boolean
  readonly topic: string
  readonly #stack: AsyncDisposableStack

  private constructor(
    parts: Pick<SequenceLab, 'dir' | 'brokers' | 'workers' | 'rest' | 'reader' | 'exactlyOnce'>,
    topic: string,
    stack: AsyncDisposableStack,
  ) {
    this.dir = parts.dir
    this.brokers = parts.brokers
    this.workers = parts.workers
    this.rest = parts.rest
    this.reader = parts.reader
    this.exactlyOnce = parts.exactlyOnce
    this.topic = topic
    this.#stack = stack
  }

  static async start(options: {
    readonly workers: number
    readonly exactlyOnce: boolean
    readonly kafka?: KafkaKind
    /** Over the properties below. */
    readonly workerProps?: WorkerProps
  }): Promise<SequenceLab> {
    await using stack = new AsyncDisposableStack()
    const dir = await scratchFolder(stack, 'sequence')
    const brokers = stack.use(await startKafka(options.kafka ?? defaultKafka(), dir, 3))
    const run = newRun('seq')
    const copies = Math.min(3, brokers.count)
    {
      await using clients = new KafkaClients({
        props: { 'bootstrap.servers': brokers.bootstrap },
        logger: silentLogger,
      })
      await clients.admin().createTopic({ name: run, partitions: PARTITIONS, replicationFactor: copies })
    }
    const { workers, urls } = await startWorkers(stack, {
      dir,
      count: options.workers,
      props: {
        ...groupProps(run, brokers.bootstrap, copies),
        ...STRINGS,
        ...SHORT_SESSIONS,
        'offset.storage.partitions': '3',
        'status.storage.partitions': '1',
        'offset.flush.interval.ms': '500',
        'plugin.path': PLUGIN,
        'exactly.once.source.support': options.exactlyOnce ? 'enabled' : 'disabled',
        ...options.workerProps,
      },
    })
    const reader = stack.use(new SequenceReader(brokers.bootstrap))
    reader.start(run, PARTITIONS)
    const rest = new RestClient(urls)
    const { exactlyOnce } = options
    return new SequenceLab({ dir, brokers, workers, rest, reader, exactlyOnce }, run, stack.move())
  }

  /** `tasks` of one connector and of the other. Tried again while workers and brokers come and go. */
  async configure(tasks: readonly [polls: number, timed: number]): Promise<void> {
    const common = {
      'connector.class': 'sequence.SequenceSource',
      topic: this.topic,
      partitions: String(PARTITIONS),
      'producer.override.transaction.timeout.ms': '20000',
      'producer.override.linger.ms': '0',
    }
    await this.put('polls', { ...common, 'tasks.max': String(tasks[0]), 'transaction.boundary': 'poll' })
    await this.put('timed', {
      ...common,
      'tasks.max': String(tasks[1]),
      'transaction.boundary': 'interval',
      'transaction.boundary.interval.ms': '300',
    })
  }

  /** Tried again while workers and brokers come and go. */
  async put(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    let failure: unknown
    await until(
      () =>
        this.rest.put(name, config).then(
          () => true,
          (error: unknown) => {
            failure = error
            return false
          },
        ),
      { timeoutMs: 120_000, everyMs: 500, describe: async () => `PUT ${name}: ${String(failure)}` },
    )
  }

  /** Resolves when each of these tasks has got further than now, with the milliseconds it took. */
  async allAdvance(tasks: readonly string[], timeoutMs: number): Promise<number> {
    const start = performance.now()
    const before = this.reader.account.progress
    const behind = (): readonly string[] =>
      tasks.filter((task) => (this.reader.account.progress[task] ?? 0) <= (before[task] ?? 0))
    await until(async () => behind().length === 0, {
      timeoutMs,
      describe: async () =>
        `${behind().join()} get on: ${JSON.stringify([await this.rest.status('polls'), await this.rest.status('timed')])}`,
    })
    return Math.round(performance.now() - start)
  }

  /** By task: the unit of its stored source offset. */
  async storedUnits(): Promise<Readonly<Record<string, number>>> {
    const units: Record<string, number> = {}
    for (const name of ['polls', 'timed']) {
      const { body } = await this.rest.request('GET', `/connectors/${name}/offsets`)
      const { offsets } = body as { offsets: readonly { partition: { task: string }; offset: { unit: number } }[] }
      for (const { partition, offset } of offsets) units[partition.task] = offset.unit
    }
    return units
  }

  /** Ends the connectors and resolves when no task writes any more. */
  async finish(): Promise<void> {
    for (const name of ['polls', 'timed']) {
      const stop = async (): Promise<boolean> =>
        (await this.rest.request('PUT', `/connectors/${name}/stop`).catch(() => undefined))?.status === 204
      await until(stop, { timeoutMs: 120_000, everyMs: 500, describe: async () => `${name} can be stopped` })
      await until(
        async () => {
          const status = await this.rest.status(name).catch(() => undefined)
          return status?.connector.state === 'STOPPED' && status.tasks.length === 0
        },
        { timeoutMs: 120_000, describe: async () => `${name} stops: ${JSON.stringify(await this.rest.status(name))}` },
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
