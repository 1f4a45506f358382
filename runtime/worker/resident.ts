import { ConnectError, UnreachableError } from '../api/index.ts'
import { within } from '../async/abort.ts'
import { Deferred } from '../async/deferred.ts'
import type { Isolate, IsolateEnd } from '../isolate/isolate.ts'
import type { Command, GuestNews, InstanceId } from '../isolate/messages.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import { nextState } from './lifecycle-state.ts'
import type { InstanceState, LifecycleEvent, TargetState } from './lifecycle-state.ts'

/** What a resident asks of the place it lives in (residents.ts). */
export interface Housing {
  nextInstance(): InstanceId
  moveIn(resident: Resident, isolate: Isolate, instance: InstanceId): void
  moveOut(instance: InstanceId): void
  /** Ends it by force. */
  evict(resident: Resident): Promise<void>
}

export interface ResidentOptions {
  /** For log lines. */
  readonly label: string
  readonly target: TargetState
  readonly residents: Housing
  /** Where it lives; `alone` after a thread it shared has died. */
  readonly isolate: (alone: boolean) => Isolate
  /** Resolves secrets; throws what is wrong with the configuration. */
  readonly launch: (instance: InstanceId, target: TargetState) => Promise<Command>
  readonly told: (state: InstanceState, trace: string | undefined) => void
}

/** An innocent whose thread died is started again, but not over and over. */
const RESTART_PAUSE_MS = 10 * 60_000

/** A task or connector of this worker, seen from outside of its isolate. */
export class Resident {
  readonly label: string
  readonly #options: ResidentOptions
  readonly #ended = new Deferred()
  readonly #settled = new Deferred()
  #target: TargetState
  #state: InstanceState = 'UNASSIGNED'
  #home: { readonly isolate: Isolate; readonly instance: InstanceId } | undefined
  #stopping = false
  #restartedAt = -Infinity

  constructor(options: ResidentOptions) {
    this.#options = options
    this.label = options.label
    this.#target = options.target
  }

  get state(): InstanceState {
    return this.#state
  }

  get home(): { readonly isolate: Isolate; readonly instance: InstanceId } | undefined {
    return this.#home
  }

  /** Resolves when it has been handed to its isolate, or has failed before. */
  async start(alone = false): Promise<void> {
    const { residents } = this.#options
    const instance = residents.nextInstance()
    let command: Command
    try {
      command = await this.#options.launch(instance, this.#target)
    } catch (error) {
      this.#end('failed', stackTrace(error))
      return
    }
    if (this.#stopping) return
    const isolate = this.#options.isolate(alone)
    this.#home = { isolate, instance }
    residents.moveIn(this, isolate, instance)
    isolate.post(command)
  }

  /** Resolves when the first state has been told: started, paused, failed, or stopped before that. */
  settled(): Promise<void> {
    return this.#settled.promise
  }

  transition(target: TargetState): void {
    this.#target = target
    if (this.#home !== undefined) {
      const { isolate, instance } = this.#home
      isolate.post({ type: 'transition', instance, target })
    }
  }

  news(news: GuestNews): void {
    switch (news.type) {
      case 'failed':
        this.#end('failed', news.trace)
        return
      case 'ended':
        this.#end('shutdown')
        return
      case 'started':
      case 'paused':
      case 'resumed':
      case 'stopped':
        this.#event(news.type)
        return
      default:
        throw new UnreachableError(news)
    }
  }

  /** Its isolate is gone. */
  lost(end: IsolateEnd, guilty: boolean): void {
    const { instance } = this.#home!
    this.#options.residents.moveOut(instance)
    this.#home = undefined
    const again = Date.now() - this.#restartedAt < RESTART_PAUSE_MS
    if (this.#stopping) this.#end('shutdown')
    else if (guilty || again) this.#end('failed', end.trace)
    else {
      this.#restartedAt = Date.now()
      void this.start(true)
    }
  }

  /** Ends it gracefully if it does so until `deadline` (ms since the epoch), else by force. */
  async stop(deadline: number): Promise<void> {
    this.#stopping = true
    const home = this.#home
    if (home === undefined) {
      this.#end('shutdown')
      return
    }
    home.isolate.post({ type: 'stop', instance: home.instance })
    if ((await within(Math.max(0, deadline - Date.now()), this.#ended.promise)) !== undefined) return
    await this.#options.residents.evict(this)
    this.#end('shutdown')
  }

  #event(event: LifecycleEvent, trace?: string): void {
    const next = nextState(this.#state, event)
    this.#settled.resolve()
    if (next === undefined) return
    this.#state = next
    this.#options.told(next, trace)
  }

  #end(event: 'failed' | 'shutdown', trace?: string): void {
    if (this.#home !== undefined) this.#options.residents.moveOut(this.#home.instance)
    this.#home = undefined
    this.#event(event, trace)
    this.#ended.resolve()
  }

  /** Where questions go. Throws when it does not run. */
  get address(): { readonly isolate: Isolate; readonly instance: InstanceId } {
    if (this.#home === undefined) throw new ConnectError(`${this.label} is not running`)
    return this.#home
  }
}
