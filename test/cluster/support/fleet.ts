import type { Child } from './child.ts'
import type { KafkaKind, KafkaUnderTest } from './kafka-under-test.ts'
import { defaultKafka, startKafka } from './kafka-under-test.ts'
import { RestClient } from './rest.ts'
import { groupProps, scratchFolder, startWorkers, STRINGS } from './workers.ts'

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
    const dir = await scratchFolder(stack, 'fleet')
    const kafka = stack.use(await startKafka(options.kafka ?? defaultKafka(), dir))
    const { workers, urls } = await startWorkers(stack, {
      dir,
      count: options.workers,
      props: {
        ...groupProps('fleet', kafka.bootstrap),
        ...STRINGS,
        'offset.flush.interval.ms': '1000',
        ...options.props,
      },
    })
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
