import { ConnectError, UnreachableError } from '../api/index.ts'
import { within } from '../async/abort.ts'
import { Deferred } from '../async/deferred.ts'
import type { FailureClass } from '../config/recovery-keys.ts'
import type { Isolate, IsolateEnd } from '../isolate/isolate.ts'
import type { Command, GuestNews, InstanceId } from '../isolate/messages.ts'
import { failureClass } from '../isolate/failure-class.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import { nextState } from './lifecycle-state.ts'
import type { InstanceState, LifecycleEvent, TargetState } from './lifecycle-state.ts'
import type { RestartBudget } from './restart-budget.ts'

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
  /** It stands still. */
  readonly stalled?: ((stall: Stall) => void) | undefined
  /** undefined: it is never started again by itself. */
  readonly budget?: RestartBudget | undefined
}

/** The last failure of a resident that may heal itself. */
export interface LastFailure {
  readonly failure: FailureClass | 'stalled'
  /** Class name and message. */
  readonly error: string
  /** ms since the epoch; undefined: it stays failed */
  readonly nextTry: number | undefined
}

/** It should move and does not. */
export interface Stall {
  readonly waitsFor: string
  /** ms since the epoch */
  readonly since: number
}

/** An innocent whose thread died is started again, but not over and over. */
const RESTART_PAUSE_MS = 10 * 60_000

/** A task or connector of this worker, seen from outside of its isolate. */
export class Resident {
  readonly label: string
  readonly #options: ResidentOptions
  #ended = new Deferred()
  readonly #settled = new Deferred()
  #target: TargetState
  #state: InstanceState = 'UNASSIGNED'
  #home: { readonly isolate: Isolate; readonly instance: InstanceId } | undefined
  #stopping = false
  #restartedAt = -Infinity
  #lastFailure: LastFailure | undefined
  #nextTry: NodeJS.Timeout | undefined
  #stall: Stall | undefined

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

  /** Why it failed last, also while it runs again; undefined: never. */
  get lastFailure(): LastFailure | undefined {
    return this.#lastFailure
  }

  get budget(): RestartBudget | undefined {
    return this.#options.budget
  }

  get stall(): Stall | undefined {
    return this.#stall
  }

  /** Resolves when it has been handed to its isolate, or has failed before. */
  async start(alone = false): Promise<void> {
    const { residents } = this.#options
    const instance = residents.nextInstance()
    let command: Command
    let isolate: Isolate
    try {
      command = await this.#options.launch(instance, this.#target)
      if (this.#stopping) return
      isolate = this.#options.isolate(alone)
    } catch (error) {
      this.#fail(stackTrace(error), failureClass(error))
      return
    }
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
        this.#fail(news.trace, news.failure)
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
      case 'stalled':
        this.#stall = { waitsFor: news.waitsFor, since: news.since }
        this.#options.stalled?.(this.#stall)
        return
      case 'moving':
        this.#stall = undefined
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
    else if (guilty || again) this.#fail(end.trace, 'crash', again)
    else {
      this.#restartedAt = Date.now()
      void this.start(true)
    }
  }

  /** Ends it gracefully if it does so until `deadline` (ms since the epoch), else by force. */
  async stop(deadline: number): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#nextTry)
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

  /** Ends it by force, since it would not answer a request to stop, and starts it again as often and as soon as its budget allows. */
  async restartStalled({ waitsFor, since }: Stall): Promise<void> {
    if (this.#stopping || this.#home === undefined) return
    const seconds = Math.round((Date.now() - since) / 1000)
    const error = new ConnectError(`${this.label} stood still for ${seconds} s, waiting for: ${waitsFor}`)
    await this.#options.residents.evict(this)
    this.#end('failed', stackTrace(error))
    this.#again('stalled', error.message, this.#options.budget?.afterStall(Date.now()), true)
  }

  #fail(trace: string, failure: FailureClass, alone = false): void {
    this.#end('failed', trace)
    this.#again(
      failure,
      trace.slice(0, trace.indexOf('\n')),
      this.#options.budget?.afterFailure(failure, Date.now()),
      alone,
    )
  }

  #again(failure: LastFailure['failure'], error: string, delayMs: number | undefined, alone: boolean): void {
    const mayStart = delayMs !== undefined && !this.#stopping
    this.#lastFailure = { failure, error, nextTry: mayStart ? Date.now() + delayMs : undefined }
    if (!mayStart) return
    this.#nextTry = setTimeout(() => {
      this.#ended = new Deferred()
      this.#lastFailure = { failure, error, nextTry: undefined }
      this.#event('restarting')
      void this.start(alone)
    }, delayMs)
    this.#nextTry.unref()
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
    this.#stall = undefined
    this.#event(event, trace)
    this.#ended.resolve()
  }

  /** Where questions go. Throws when it does not run. */
  get address(): { readonly isolate: Isolate; readonly instance: InstanceId } {
    if (this.#home === undefined) throw new ConnectError(`${this.label} is not running`)
    return this.#home
  }
}
