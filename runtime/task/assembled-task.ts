import type { MetricSample } from '../telemetry/metrics.ts'
import type { RunnableTask } from './runnable-task.ts'
import type { TopicUse } from './topic-use.ts'

interface Runner {
  run(stop: AbortSignal): Promise<void>
  pause(): void
  resume(): void
}

/** A runner and what was opened for it: closed when the run ends, in reverse. */
export class AssembledTask implements RunnableTask {
  readonly #runner: Runner
  readonly #opened: AsyncDisposableStack
  readonly #topics: TopicUse
  readonly #samples: (now: number) => readonly MetricSample[]

  constructor(options: {
    readonly runner: Runner
    readonly opened: AsyncDisposableStack
    readonly topics: TopicUse
    readonly samples: (now: number) => readonly MetricSample[]
  }) {
    this.#runner = options.runner
    this.#opened = options.opened
    this.#topics = options.topics
    this.#samples = options.samples
  }

  async run(stop: AbortSignal): Promise<void> {
    await using _opened = this.#opened
    await this.#runner.run(stop)
  }

  pause(): void {
    this.#runner.pause()
  }

  resume(): void {
    this.#runner.resume()
  }

  metrics(now: number): readonly MetricSample[] {
    this.#topics.renew()
    return this.#samples(now)
  }

  async cancel(): Promise<void> {
    await this.#opened.disposeAsync()
  }
}
