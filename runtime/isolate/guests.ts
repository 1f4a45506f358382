import { AsyncLocalStorage } from 'node:async_hooks'
import { ConnectError, UnreachableError } from '../api/index.ts'
import type { ConfigValue, Logger, Props, SinkOffsetChange, SourceOffsetChange } from '../api/index.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import { ConnectorGuest } from './connector-guest.ts'
import type { Guest } from './guest.ts'
import type { AnswerValue, Command, InstanceId, PlainKey, Query, Report } from './messages.ts'
import { answerTo, Questions } from './questions.ts'
import { TaskGuest } from './task-guest.ts'
import type { GuestEnvironment } from './task-guest.ts'

/** The guests of one isolate: carries out the worker's commands. */
export class Guests {
  readonly #guests = new Map<InstanceId, Guest>()
  readonly #owner = new AsyncLocalStorage<InstanceId>()
  readonly #questions = new Questions()
  readonly #environment: GuestEnvironment
  readonly #plugins: PluginRegistry
  readonly #post: (report: Report) => void
  readonly #active: (instance: InstanceId) => void

  constructor(options: {
    readonly worker: WorkerConfig
    readonly plugins: PluginRegistry
    readonly logger: Logger
    readonly metricsIntervalMs: number
    readonly post: (report: Report) => void
    /** Told whose code is about to run; 0: nobody's. */
    readonly active: (instance: InstanceId) => void
  }) {
    const { worker, plugins, logger, metricsIntervalMs, post } = options
    this.#plugins = plugins
    this.#post = post
    this.#active = options.active
    this.#environment = {
      ...{ worker, plugins, logger, metricsIntervalMs, post },
      ask: (question) => this.#questions.ask((id) => post({ type: 'question', id, question })),
    }
  }

  /** Whose code is running: known through all its awaits and timers. */
  get current(): InstanceId | undefined {
    return this.#owner.getStore()
  }

  /** False when there is no such guest. */
  fail(instance: InstanceId | undefined, error: unknown): boolean {
    const guest = instance === undefined ? undefined : this.#guests.get(instance)
    guest?.fail(error)
    return guest !== undefined
  }

  handle(command: Command): void {
    switch (command.type) {
      case 'start-task':
        this.#begin(command.instance, () => new TaskGuest(command.instance, command.launch, this.#environment))
        return
      case 'start-connector':
        this.#begin(command.instance, () => new ConnectorGuest(command.instance, command.launch, this.#environment))
        return
      case 'transition':
        this.#as(command.instance, () => this.#guests.get(command.instance)?.transition(command.target))
        return
      case 'stop':
        void this.#as(command.instance, () => this.#stop(command.instance))
        return
      case 'cancel':
        this.#as(command.instance, () => this.#guests.get(command.instance)?.cancel())
        this.#guests.delete(command.instance)
        return
      case 'query':
        void this.#answer(command.id, command.query)
        return
      case 'log-levels':
        return // its logger's
      case 'ping':
        this.#post({ type: 'pong' })
        return
      case 'answer':
      case 'refusal':
        this.#questions.settle(command)
        return
      default:
        throw new UnreachableError(command)
    }
  }

  #begin(instance: InstanceId, make: () => Guest): void {
    this.#as(instance, () => this.#guests.set(instance, make()))
  }

  async #stop(instance: InstanceId): Promise<void> {
    await this.#guests.get(instance)?.stop()
    this.#guests.delete(instance)
  }

  #as<T>(instance: InstanceId, work: () => T): T {
    this.#active(instance)
    return this.#owner.run(instance, work)
  }

  async #answer(id: number, query: Query): Promise<void> {
    this.#post(
      await answerTo(id, async (): Promise<AnswerValue> => {
        switch (query.type) {
          case 'task-configs': {
            const guest = this.#guests.get(query.instance)
            if (!(guest instanceof ConnectorGuest)) throw new ConnectError('the connector is not running')
            return await this.#as(query.instance, () => guest.taskConfigs(query.maxTasks))
          }
          case 'progress': {
            const guest = this.#guests.get(query.instance)
            if (!(guest instanceof TaskGuest)) throw new ConnectError('the task is not running')
            return guest.progress()
          }
          case 'definition':
            this.#active(0)
            return this.#definition(query.className, query.props)
          case 'validate':
            this.#active(0)
            return await this.#validate(query.className, query.props)
          case 'alter-offsets':
            this.#active(0)
            return await this.#alterOffsets(query)
          case 'exactly-once':
            this.#active(0)
            return await this.#exactlyOnce(query)
          default:
            throw new UnreachableError(query)
        }
      }),
    )
  }

  async #validate(className: string, props: Props): Promise<readonly ConfigValue[]> {
    const { class: connectorClass } = this.#plugins.connector(className, props['connector.plugin.version'])
    const values = connectorClass.configDef().validate(props)
    return connectorClass.validate === undefined ? values : await connectorClass.validate(props, values)
  }

  #definition(className: string, props: Props): Readonly<Record<string, PlainKey>> {
    const { keys } = this.#plugins.connector(className, props['connector.plugin.version']).class.configDef()
    return Object.fromEntries(
      Object.entries(keys).map(([name, { validator: _validator, recommender: _recommender, ...plain }]) => [
        name,
        plain,
      ]),
    )
  }

  async #exactlyOnce({ className, props, method }: Extract<Query, { type: 'exactly-once' }>): Promise<AnswerValue> {
    const { class: connectorClass } = this.#plugins.connector(className)
    if (connectorClass.type === 'sink') throw new ConnectError(`${className} is no source connector`)
    return await new connectorClass()[method]?.(props)
  }

  /** The connector is asked as Connect asks it: by an instance that was never started. */
  async #alterOffsets({ className, props, offsets }: Extract<Query, { type: 'alter-offsets' }>): Promise<boolean> {
    const { class: connectorClass } = this.#plugins.connector(className)
    if (connectorClass.type === 'sink')
      return (await new connectorClass().alterOffsets?.(props, offsets as SinkOffsetChange[])) ?? false
    return (await new connectorClass().alterOffsets?.(props, offsets as SourceOffsetChange[])) ?? false
  }
}
