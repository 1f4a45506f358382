import type { Logger } from '../api/index.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import type { Guests } from './guests.ts'
import type { Isolate, IsolateEvents } from './isolate.ts'
import type { AnswerValue, Command, InstanceId, Query } from './messages.ts'
import { Questions } from './questions.ts'

/**
 * Guests in the worker's own thread: no wall, but the same messages. For tests, and plugins that are objects. The code of tasks is loaded
 * with the first of them: a worker whose guests live in threads does without it here.
 */
export class InlineIsolate implements Isolate {
  readonly name = 'inline'
  readonly instances = new Set<InstanceId>()
  readonly silentMs = 0
  readonly lastActive = undefined
  readonly #guests: Promise<Guests>
  readonly #questions = new Questions()

  constructor(options: {
    readonly worker: WorkerConfig
    readonly plugins: PluginRegistry
    readonly logger: Logger
    readonly metricsIntervalMs: number
    readonly events: IsolateEvents
  }) {
    const { worker, plugins, logger, metricsIntervalMs, events } = options
    this.#guests = import('./guests.ts').then(
      ({ Guests }) =>
        new Guests({
          ...{ worker, plugins, logger, metricsIntervalMs },
          active: () => undefined,
          post: (report) => {
            // As from a thread: never within the call that caused it.
            queueMicrotask(() => {
              if (report.type === 'answer' || report.type === 'refusal') this.#questions.settle(report)
              else events.report(this, report)
            })
          },
        }),
    )
  }

  post(command: Command): void {
    void this.#guests.then((guests) => guests.handle(command))
  }

  ask(query: Query): Promise<AnswerValue> {
    return this.#questions.ask((id) => this.post({ type: 'query', id, query }))
  }

  /** Code in one's own thread cannot be ended, only left alone: its connections are closed. */
  async terminate(): Promise<void> {
    const guests = await this.#guests
    for (const instance of this.instances) guests.handle({ type: 'cancel', instance })
    this.#questions.failAll('the worker ended the connector')
  }
}
