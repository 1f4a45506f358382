import { ConnectError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import { checkTasksMax, TooManyTasksError, tasksMax } from '../config/tasks-max.ts'
import { withoutSecrets } from '../config/secrets.ts'
import { targetState } from '../storage/cluster-config-state.ts'
import type { TaskSet } from '../storage/cluster-config-state.ts'
import { connectorKey } from './desired-work.ts'
import type { Leadership } from './leadership.ts'
import type { HerderParts } from './parts.ts'

export interface TaskConfigsOptions {
  readonly parts: HerderParts
  readonly leadership: Leadership
  /** Does this worker run the connector's instance? */
  readonly isRunning: (key: string) => boolean
  /** A connector made more tasks than it may. */
  readonly failConnector: (connector: string, error: ConnectError) => void
}

/** Asks the connectors that run here for their task configs, and has the leader publish what is new. */
export class TaskConfigs {
  readonly #options: TaskConfigsOptions
  readonly #closing = new AbortController()
  /** Connectors being asked; true: ask once more afterwards. */
  readonly #asking = new Map<string, boolean>()

  constructor(options: TaskConfigsOptions) {
    this.#options = options
  }

  /** The connector started, or says that its tasks have changed. */
  refresh(connector: string): void {
    if (this.#asking.has(connector)) {
      this.#asking.set(connector, true)
      return
    }
    this.#asking.set(connector, false)
    void this.#refresh(connector).finally(() => {
      const again = this.#asking.get(connector) === true
      this.#asking.delete(connector)
      if (again && !this.#closing.signal.aborted) this.refresh(connector)
    })
  }

  /** Tries until it worked or the connector is not ours to ask any more. */
  async #refresh(connector: string): Promise<void> {
    const { signal } = this.#closing
    const backoff = new Backoff({ initialMs: 250, maxMs: 60_000, jitter: 0 })
    while (!signal.aborted && this.#mayAsk(connector)) {
      try {
        await this.#publishIfNew(connector, signal)
        return
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof TooManyTasksError) {
          this.#options.failConnector(connector, error)
          return
        }
        const ms = backoff.next()
        this.#options.parts.logger.warn(`cannot publish the task configs of ${connector}; trying again in ${ms} ms`, {
          error,
        })
        await sleep(ms, signal)
      }
    }
  }

  /** A connector that failed has no task configs to give; the old ones stay. */
  #mayAsk(connector: string): boolean {
    const { parts, isRunning } = this.#options
    const { state } = parts.configs
    return (
      isRunning(connectorKey(connector)) &&
      state.connectors.has(connector) &&
      targetState(state, connector) === 'STARTED' &&
      parts.worker.running().connectors.includes(connector)
    )
  }

  async #publishIfNew(connector: string, signal: AbortSignal): Promise<void> {
    const { configs, worker } = this.#options.parts
    const connectorProps = configs.state.connectors.get(connector)
    if (connectorProps === undefined) return
    const maxTasks = tasksMax(connectorProps)
    const generated = await worker.taskConfigs(connector, maxTasks)
    checkTasksMax(connector, connectorProps, generated.length)
    const stored = generated.map((props) => this.#stored(props, connectorProps))
    if (isPublished(configs.state.taskSets.get(connector), stored, connectorProps)) return
    await this.#publish(connector, stored, signal)
  }

  /** The task's own properties plus what the runner of the task needs; no secrets. */
  #stored(props: Props, connectorProps: Props): Props {
    const { plugins } = this.#options.parts
    const { class: connectorClass, type } = plugins.connectorOf(connectorProps)
    const stored: Record<string, string> = {
      ...withoutSecrets(props, connectorProps),
      'task.class': connectorClass.task.className,
    }
    if (type === 'sink')
      for (const key of ['topics', 'topics.regex'])
        if (connectorProps[key] !== undefined) stored[key] = connectorProps[key]
    return stored
  }

  async #publish(connector: string, stored: readonly Props[], signal: AbortSignal): Promise<void> {
    const { leadership, parts } = this.#options
    const { isLeader, leaderUrl } = await leadership.settled(signal)
    if (isLeader) await this.put(connector, stored, signal)
    else await parts.requests.putTaskConfigs(leaderUrl, connector, stored)
  }

  /** On the leader: from a connector here, or on behalf of another worker. */
  async put(connector: string, configs: readonly Props[], signal: AbortSignal): Promise<void> {
    const { leadership, parts } = this.#options
    await leadership.write(signal, async () => {
      const { state } = parts.configs
      if (!state.connectors.has(connector))
        throw new ConnectError(`Connector ${connector} not found`, { code: 'NOT_FOUND' })
      // A stop has written the empty set already; a late publication must not bring the tasks back. Any worker writes a resume: it may be unread here.
      if (targetState(state, connector) === 'STOPPED')
        if (targetState(await parts.configs.refresh(signal), connector) === 'STOPPED') return
      await parts.configs.putTaskConfigs(connector, configs)
    })
  }

  [Symbol.dispose](): void {
    this.#closing.abort()
  }
}

/** Nothing to write: the same tasks, made by the same connector config. */
function isPublished(set: TaskSet | undefined, configs: readonly Props[], connectorProps: Props): boolean {
  return (
    set !== undefined &&
    !set.inconsistent &&
    set.configs.length === configs.length &&
    sameProps(set.connectorProps, connectorProps) &&
    configs.every((props, task) => sameProps(props, set.configs[task]!))
  )
}

function sameProps(a: Props, b: Props): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
