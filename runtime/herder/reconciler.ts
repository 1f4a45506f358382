import type { Logger } from '../api/logger.ts'
import type { Props } from '../api/props.ts'
import { Deferred } from '../async/deferred.ts'
import type { Work } from '../group/assignment.ts'
import type { Group, Membership } from '../group/group.ts'
import type { ConfigBackingStore } from '../storage/config-backing-store.ts'
import type { TargetState } from '../storage/config-records.ts'
import type { StatusState } from '../storage/status-records.ts'
import type { Worker } from '../worker/worker.ts'
import { desiredWork, keysOf } from './desired-work.ts'
import type { InstanceSpec } from './desired-work.ts'
import { reconcilePlan } from './reconcile-plan.ts'
import type { Action, RunningInstance } from './reconcile-plan.ts'

/** What is started at a stretch. */
const STARTS_PER_TURN = 8

export interface ReconcilerOptions {
  readonly worker: Worker
  readonly configs: ConfigBackingStore
  readonly group: Group
  readonly logger: Logger
  /** A connector runs, or runs again, with target STARTED: its task configs may be new. */
  readonly connectorStarted: (connector: string) => void
}

/**
 * Makes this worker run what it should. Level-triggered: a pass compares desired with running and begins what is missing; it never waits. What it
 * began ends by another pass. So a plugin that is slow to start or stop holds up nothing but itself.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #running = new Map<string, RunningInstance>()
  readonly #restarts = new Map<string, number>()
  readonly #versions = new WeakMap<Props, number>()
  #nextVersion = 0
  #withheld: ReadonlySet<string> = new Set()
  #passSoon: NodeJS.Immediate | undefined
  #turns = 0
  #turn: Promise<void> = Promise.resolve()
  /** Resolved and replaced after each pass: what stopped to start again has begun to. */
  #progress = new Deferred()

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  /** Something that decides about this worker's work may have changed. A pass looks at all of it: many changes of one moment get one. */
  poke(): void {
    this.#passSoon ??= setImmediate(() => this.#pass())
  }

  #pass(): void {
    clearImmediate(this.#passSoon)
    this.#passSoon = undefined
    const { group, configs } = this.#options
    const desired = desiredWork({
      membership: group.membership,
      state: configs.state,
      withheld: this.#withheld,
      restarts: this.#restarts,
      versionOf: (props) => this.#versionOf(props),
    })
    for (const action of reconcilePlan(desired, this.#running)) this.#begin(action)
    const { resolve } = this.#progress
    this.#progress = new Deferred()
    resolve()
  }

  assigned(_membership: Membership): void {
    this.#withheld = new Set()
    this.#pass()
  }

  /** Resolves when none of this work runs here any more. */
  async revoke(work: Work): Promise<void> {
    const keys = keysOf(work)
    this.#withheld = new Set([...this.#withheld, ...keys])
    this.#pass()
    await this.#until(() => keys.every((key) => !this.#running.has(key)))
  }

  /** Stop and start these again, whatever they do; resolves when they run (or have failed) again, or are not ours. */
  async restart(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const key of keys) this.#restarts.set(key, (this.#restarts.get(key) ?? 0) + 1)
    this.#pass()
    await this.#until(
      () => keys.every((key) => this.#running.get(key)?.phase === 'running' || !this.#running.has(key)),
      signal,
    )
  }

  /** Resolves when this runs (or has failed): it may be neither assigned nor begun yet. */
  async started(key: string, signal: AbortSignal): Promise<void> {
    await this.#until(() => this.isRunning(key), signal)
  }

  /** An instance of this worker said so. */
  told(key: string, state: StatusState): void {
    const running = this.#running.get(key)
    if (running !== undefined) this.#running.set(key, { ...running, failed: state === 'FAILED' })
  }

  isOurs(key: string): boolean {
    return this.#running.has(key)
  }

  isRunning(key: string): boolean {
    return this.#running.get(key)?.phase === 'running'
  }

  async #until(done: () => boolean, signal?: AbortSignal): Promise<void> {
    while (!done() && signal?.aborted !== true) await this.#progress.promise
  }

  #versionOf(props: Props): number {
    let version = this.#versions.get(props)
    if (version === undefined) this.#versions.set(props, (version = this.#nextVersion++))
    return version
  }

  #begin(action: Action): void {
    switch (action.kind) {
      case 'start':
        void this.#start(action.key, action.spec)
        return
      case 'stop':
        void this.#stop(action.keys)
        return
      case 'set-target':
        void this.#setTarget(action.connector, action.target, action.keys)
        return
    }
  }

  async #start(key: string, spec: InstanceSpec): Promise<void> {
    const { worker, connectorStarted } = this.#options
    this.#running.set(key, { spec, phase: 'starting', target: spec.target })
    await this.#nextTurn()
    if (!this.#isStarting(key, spec)) return // a stop overtook it
    const { connector, target, generation } = spec
    await this.#attempt(`starting ${key}`, () =>
      spec.kind === 'connector'
        ? worker.startConnector({ name: connector, props: spec.props, target, generation })
        : worker.startTask({
            id: spec.id,
            connectorProps: spec.connectorProps,
            taskProps: spec.taskProps,
            tasks: spec.tasks,
            target,
            generation,
          }),
    )
    if (!this.#isStarting(key, spec)) return
    this.#running.set(key, { ...this.#running.get(key)!, phase: 'running' })
    if (spec.kind === 'connector' && target === 'STARTED') connectorStarted(connector)
    this.poke()
  }

  #isStarting(key: string, spec: InstanceSpec): boolean {
    const now = this.#running.get(key)
    return now?.spec === spec && now.phase === 'starting'
  }

  /** A worker that is given hundreds of tasks at once must still answer requests and send heartbeats between them. */
  #nextTurn(): Promise<void> {
    if (++this.#turns % STARTS_PER_TURN === 0)
      this.#turn = this.#turn.then(() => new Promise((resolve) => setImmediate(resolve)))
    return this.#turn
  }

  async #stop(keys: readonly string[]): Promise<void> {
    const { worker } = this.#options
    const specs = keys.map((key) => this.#running.get(key)!.spec)
    for (const key of keys) this.#running.set(key, { ...this.#running.get(key)!, phase: 'stopping' })
    const connectors = specs.filter((spec) => spec.kind === 'connector').map((spec) => spec.connector)
    const tasks = specs.filter((spec) => spec.kind === 'task').map((spec) => spec.id)
    await this.#attempt(`stopping ${keys.join(', ')}`, async () => {
      await Promise.all([
        connectors.length > 0 ? worker.stopConnectors(connectors) : undefined,
        tasks.length > 0 ? worker.stopTasks(tasks) : undefined,
      ])
    })
    for (const key of keys) this.#running.delete(key)
    this.poke()
  }

  async #setTarget(connector: string, target: TargetState, keys: readonly string[]): Promise<void> {
    const { worker, connectorStarted } = this.#options
    for (const key of keys) this.#running.set(key, { ...this.#running.get(key)!, target })
    await this.#attempt(`changing ${connector} to ${target}`, () => worker.setTarget(connector, target))
    const resumed = keys.some((key) => this.#running.get(key)?.spec.kind === 'connector')
    if (resumed && target === 'STARTED') connectorStarted(connector)
    this.poke()
  }

  /** Errors of plugins show in statuses; what arrives here is our own failure. */
  async #attempt(doing: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#options.logger.error(`${doing} failed`, { error })
    }
  }
}
