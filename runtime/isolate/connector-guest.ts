import { ConnectError } from '../api/index.ts'
import type { Logger, Props, SinkConnector, SourceConnector } from '../api/index.ts'
import type { TargetState } from '../storage/config-records.ts'
import { failureClass } from './failure-class.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import type { Guest } from './guest.ts'
import type { ConnectorLaunch, GuestNews, InstanceId } from './messages.ts'
import type { GuestEnvironment } from './task-guest.ts'

/**
 * A connector in its isolate. Its plugin object exists only while the target is STARTED; paused and stopped connectors are
 * started anew. One change at a time, in the order asked.
 */
export class ConnectorGuest implements Guest {
  readonly #instance: InstanceId
  readonly #launch: ConnectorLaunch
  readonly #environment: GuestEnvironment
  readonly #logger: Logger
  #connector: SourceConnector | SinkConnector | undefined
  #state: 'new' | 'failed' | 'ended' | TargetState = 'new'
  #changes: Promise<void> = Promise.resolve()
  #silent = false

  constructor(instance: InstanceId, launch: ConnectorLaunch, environment: GuestEnvironment) {
    this.#instance = instance
    this.#launch = launch
    this.#environment = environment
    this.#logger = environment.logger.child(`[${launch.name}|worker]`)
    this.transition(launch.target)
  }

  transition(target: TargetState): void {
    this.#change(() => this.#become(target))
  }

  async stop(): Promise<void> {
    this.#change(async () => {
      if (this.#state !== 'failed') await this.#stopPlugin()
      this.#state = 'ended'
      this.#tell({ type: 'ended' })
    })
    await this.#changes
  }

  cancel(): void {
    this.#silent = true
  }

  fail(error: unknown): void {
    if (this.#state === 'failed' || this.#state === 'ended') return
    this.#state = 'failed'
    this.#logger.error('the connector failed and will not recover until it is restarted', { error })
    this.#tell({ type: 'failed', trace: stackTrace(error), failure: failureClass(error) })
  }

  async taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    await this.#changes
    if (this.#connector === undefined || this.#state !== 'STARTED')
      throw new ConnectError(`Connector ${this.#launch.name} is not running`)
    const configs = await this.#connector.taskConfigs(maxTasks)
    return configs.map((config) => ({ ...config }))
  }

  #change(job: () => Promise<void>): void {
    this.#changes = this.#changes.then(job).catch((error: unknown) => this.fail(error))
  }

  async #become(target: TargetState): Promise<void> {
    if (this.#state === target || this.#state === 'failed' || this.#state === 'ended') return
    if (target === 'STARTED') {
      const resumed = this.#state !== 'new'
      await this.#startPlugin()
      if (this.#hasFailed()) return
      this.#state = target
      this.#tell({ type: resumed ? 'resumed' : 'started' })
      return
    }
    // Connect: an instance that throws when it is stopped on request still counts as stopped
    await this.#stopPlugin()
    this.#state = target
    this.#tell({ type: target === 'PAUSED' ? 'paused' : 'stopped' })
  }

  /** raiseError may have been called meanwhile. */
  #hasFailed(): boolean {
    return this.#state === 'failed'
  }

  async #startPlugin(): Promise<void> {
    const { name, props } = this.#launch
    const { class: connectorClass } = this.#environment.plugins.connectorOf(props)
    this.#connector = new connectorClass()
    await this.#connector.start(props, {
      connector: name,
      logger: this.#logger,
      requestTaskReconfiguration: () => {
        if (!this.#silent) this.#environment.post({ type: 'reconfigure', instance: this.#instance })
      },
      raiseError: (error) => this.fail(error),
    })
  }

  async #stopPlugin(): Promise<void> {
    const connector = this.#connector
    this.#connector = undefined
    try {
      await connector?.stop()
    } catch (error) {
      this.#logger.warn('the connector failed to stop', { error })
    }
  }

  #tell(news: GuestNews): void {
    if (!this.#silent) this.#environment.post({ type: 'news', instance: this.#instance, news })
  }
}
