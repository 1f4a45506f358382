import { configDef, errorCode } from '../api/index.ts'
import type { ConfigDef, ConfigValue, Props, Support } from '../api/index.ts'
import { taskIsolation } from '../config/connector-config.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { Isolate } from '../isolate/isolate.ts'
import type { IsolatePool } from '../isolate/isolate-pool.ts'
import type { AnswerValue, ClassQuery, OffsetChange, PlainKey } from '../isolate/messages.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'

/** What is asked of a connector's class before or without a connector that runs. Its code runs where connectors live, never here. */
export class ConnectorClasses {
  readonly #config: WorkerConfig
  readonly #plugins: PluginRegistry
  readonly #pool: IsolatePool
  readonly #onlyInline: (className: string) => boolean

  constructor(options: {
    readonly config: WorkerConfig
    readonly plugins: PluginRegistry
    readonly pool: IsolatePool
    /** Classes that exist in this thread only. */
    readonly onlyInline: (className: string) => boolean
  }) {
    this.#config = options.config
    this.#plugins = options.plugins
    this.#pool = options.pool
    this.#onlyInline = options.onlyInline
  }

  /** Its definition as data: keys without validators and recommenders. */
  async definition(className: string, props: Props): Promise<ConfigDef> {
    const keys = await this.#ask({ type: 'definition', className: this.#fullName(className), props })
    return configDef(keys as Readonly<Record<string, PlainKey>>)
  }

  async validate(className: string, props: Props): Promise<readonly ConfigValue[]> {
    return (await this.#ask({
      type: 'validate',
      className: this.#fullName(className),
      props,
    })) as readonly ConfigValue[]
  }

  /** What a source connector says of exactly-once delivery; undefined: nothing. */
  async exactlyOnce(
    className: string,
    props: Props,
    method: 'exactlyOnceSupport' | 'canDefineTransactionBoundaries',
  ): Promise<Support | null | undefined> {
    const answer = await this.#ask({ type: 'exactly-once', className: this.#fullName(className), props, method })
    return answer as Support | null | undefined
  }

  /** What the class says to a change of its offsets: true when it takes part in it. */
  async alterOffsets(className: string, props: Props, offsets: readonly OffsetChange[]): Promise<boolean> {
    return (await this.#ask({
      type: 'alter-offsets',
      className: this.#fullName(className),
      props,
      offsets,
    })) as boolean
  }

  #fullName(className: string): string {
    return this.#plugins.connector(className).className
  }

  async #ask(query: ClassQuery): Promise<AnswerValue> {
    try {
      return await this.#askOnce(query)
    } catch (error) {
      if (errorCode(error) !== 'RETRIABLE') throw error
      // Its thread was ended, most likely for what another connector did.
      return await this.#askOnce(query)
    }
  }

  async #askOnce(query: ClassQuery): Promise<AnswerValue> {
    const isolate = this.#isolateOf(query)
    try {
      return await isolate.ask(query)
    } finally {
      // A process that was started for the question alone ends with the answer; the thread of the connectors stays.
      if (isolate !== this.#pool.connectorThread) this.#pool.release(isolate)
    }
  }

  #isolateOf({ className, props }: ClassQuery): Isolate {
    if (this.#onlyInline(className)) return this.#pool.inline()
    return this.#isProcess(props) ? this.#pool.process(props['name'] ?? className) : this.#pool.forConnectors()
  }

  /** A value that is wrong is told by the validation. */
  #isProcess(props: Props): boolean {
    try {
      return taskIsolation(props, this.#config) === 'process'
    } catch {
      return false
    }
  }
}
