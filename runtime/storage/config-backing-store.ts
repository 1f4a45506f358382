import { ConnectError } from '../api/errors.ts'
import type { Logger } from '../api/logger.ts'
import type { Props } from '../api/props.ts'
import { EMPTY_STATE, foldConfigRecords } from './cluster-config-state.ts'
import type { ClusterConfigState, ConfigEvent } from './cluster-config-state.ts'
import { encodeConfigRecord } from './config-records.ts'
import type { ConfigRecord, SessionKey, TargetState } from './config-records.ts'
import type { LeaderLog } from './leader-log.ts'
import type { Log, LogRecord, OpenLog } from './log.ts'

/** One logical write, with all its records and its reading back, gets this long. */
const WRITE_BUDGET_MS = 30_000

export interface ConfigBackingStoreOptions {
  readonly open: OpenLog
  /** With exactly-once source support (preparing or enabled): what only the leader may write goes this way, in transactions. */
  readonly leader?: LeaderLog | undefined
  readonly logger: Logger
}

/**
 * The commands of the cluster. Writing is an append; what counts is what is read back, here and on every other worker. A write resolves
 * when its records have been read back, so that its caller sees them in `state`.
 */
export class ConfigBackingStore implements AsyncDisposable {
  /** A new state was folded. Synchronous; set once by the owner. */
  onChange: (state: ClusterConfigState) => void = () => undefined
  /** Restart requests and logger levels read after start. */
  onEvent: (event: ConfigEvent) => void = () => undefined
  readonly #options: ConfigBackingStoreOptions
  #state = EMPTY_STATE
  #log: Log | undefined

  private constructor(options: ConfigBackingStoreOptions) {
    this.#options = options
  }

  static async open(options: ConfigBackingStoreOptions, signal?: AbortSignal): Promise<ConfigBackingStore> {
    const store = new ConfigBackingStore(options)
    store.#log = await options.open((records) => store.#read(records), signal)
    return store
  }

  get state(): ClusterConfigState {
    return this.#state
  }

  #read(records: readonly LogRecord[]): void {
    const { state, events, skipped } = foldConfigRecords(this.#state, records)
    this.#state = state
    for (const reason of skipped) this.#options.logger.error(`skipped a record of the config log: ${reason}`)
    if (this.#log === undefined) return // history: what should be done once was done
    this.onChange(state)
    for (const event of events) this.onEvent(event)
  }

  /** The state after everything that is in the log now. */
  async refresh(signal?: AbortSignal): Promise<ClusterConfigState> {
    await this.#open.readToEnd(signal)
    return this.#state
  }

  /** `target` goes first, so that nobody starts a connector that is to be born paused or stopped. */
  async putConnector(connector: string, props: Props, target?: TargetState): Promise<void> {
    const config: ConfigRecord = { kind: 'connector', connector, props }
    const before: readonly ConfigRecord[] =
      target === undefined ? [] : [{ kind: 'target-state', connector, state: target }]
    await this.#lead([...before, config], `writing a config for connector ${connector} to the config topic`)
  }

  async removeConnector(connector: string): Promise<void> {
    await this.#lead(
      [
        { kind: 'connector', connector, props: null },
        { kind: 'target-state', connector, state: null },
      ],
      `removing the config for connector ${connector} from the config topic`,
    )
  }

  /** Invariant 4: the set counts from its commit record on, which is written last. */
  async putTaskConfigs(connector: string, configs: readonly Props[]): Promise<void> {
    const tasks = configs.map((props, task): ConfigRecord => ({ kind: 'task', connector, task, props }))
    const doing = `writing ${configs.length} task configs for connector ${connector} to the config topic`
    const commit: ConfigRecord = { kind: 'commit', connector, tasks: tasks.length }
    if (this.#options.leader !== undefined) {
      await this.#lead([...tasks, commit], doing)
      return
    }
    if (tasks.length > 0) await this.#write(tasks, doing)
    await this.#write([commit], doing)
  }

  async putTargetState(connector: string, state: TargetState): Promise<void> {
    await this.#write(
      [{ kind: 'target-state', connector, state }],
      `writing the ${state} target state for connector ${connector} to the config topic`,
    )
  }

  async putRestart(request: { connector: string; includeTasks: boolean; onlyFailed: boolean }): Promise<void> {
    await this.#lead(
      [{ kind: 'restart', ...request }],
      `writing restart request for connector ${request.connector} to the config topic`,
    )
  }

  async putSessionKey(sessionKey: SessionKey): Promise<void> {
    await this.#lead([{ kind: 'session-key', sessionKey }], 'writing a new session key to the config topic')
  }

  /** A round of fencing is over: producers of so many tasks may exist from now on (exactly-once sources). */
  async putTaskCount(connector: string, taskCount: number): Promise<void> {
    await this.#lead(
      [{ kind: 'fencing', connector, taskCount }],
      `writing a task count record for connector ${connector} to the config topic`,
    )
  }

  async putLoggerLevel(logger: string, level: string): Promise<void> {
    await this.#write([{ kind: 'logger-level', logger, level }], 'writing a logger level to the config topic')
  }

  /** This worker leads now: whoever led before cannot write any more. */
  async claim(signal?: AbortSignal): Promise<void> {
    await this.#options.leader?.claim(signal)
  }

  /** This worker leads no more. */
  async resign(): Promise<void> {
    await this.#options.leader?.resign()
  }

  /** A write of the leader's alone. */
  async #lead(records: readonly ConfigRecord[], doing: string): Promise<void> {
    await this.#write(records, doing, this.#options.leader)
  }

  async #write(records: readonly ConfigRecord[], doing: string, log: Pick<Log, 'append'> = this.#open): Promise<void> {
    const signal = AbortSignal.timeout(WRITE_BUDGET_MS)
    try {
      await log.append(records.map(encodeConfigRecord), signal)
      await this.#open.readToEnd(signal)
    } catch (error) {
      throw new ConnectError(
        'Failed to write to config topic; this may be due to a transient error and the request can be safely retried ' +
          `(${doing})`,
        { cause: error },
      )
    }
  }

  get #open(): Log {
    if (this.#log === undefined) throw new ConnectError('the config log is still being read')
    return this.#log
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.leader?.[Symbol.asyncDispose]()
    await this.#log?.[Symbol.asyncDispose]()
  }
}
