import { ConnectError } from '../api/index.ts'
import type { Logger } from '../api/index.ts'
import { Deferred } from '../async/deferred.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import type { Carrier, CarrierEvents } from './carrier.ts'
import type { Isolate, IsolateEnd, IsolateEvents } from './isolate.ts'
import type { AnswerValue, Command, InstanceId, Query, Report } from './messages.ts'
import { Questions } from './questions.ts'

export interface WatchedOptions {
  readonly name: string
  readonly carrier: (events: CarrierEvents) => Carrier
  /** Heap and buffers together, MB: beyond it the carrier is ended. */
  readonly memoryMaxMb: number
  readonly events: IsolateEvents
  readonly logger: Logger
}

const PING_MS = 1000
/**
 * A plugin holds its thread when the thread has computed for so long without coming back to its event loop. Its own CPU time is
 * what counts, not the clock: on a machine that is busy with other things a healthy thread may be silent for long, too.
 */
const SPINS_AFTER_MS = 8_000
/** Nor does a thread answer that waits inside a synchronous call; it uses no CPU, so the clock must do. */
const BLOCKED_AFTER_MS = 60_000

/** Guests in a thread or process. Watches that it answers and how much memory it holds. */
export class WatchedIsolate implements Isolate {
  readonly name: string
  readonly instances = new Set<InstanceId>()
  readonly #options: WatchedOptions
  readonly #carrier: Carrier
  readonly #questions = new Questions()
  readonly #watch: NodeJS.Timeout
  readonly #ready = new Deferred()
  #pingedAt: number | undefined
  /** CPU time of the carrier at the ping and now. */
  #cpu: { readonly pingedAt: number | undefined; readonly startMs: number; nowMs: number } | undefined
  #reported = false
  #fatal: IsolateEnd | undefined
  #terminated = false

  constructor(options: WatchedOptions) {
    this.name = options.name
    this.#options = options
    this.#carrier = options.carrier({
      report: (report) => this.#onReport(report),
      ended: (trace) => this.#onEnd(trace),
    })
    this.#watch = setInterval(() => this.#lookAfter(), PING_MS)
    this.#watch.unref()
  }

  /** Resolves when guests are at home at once, or never will be because it has ended. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get silentMs(): number {
    return this.#pingedAt === undefined ? 0 : Date.now() - this.#pingedAt
  }

  get lastActive(): InstanceId | undefined {
    return this.#carrier.lastActive
  }

  post(command: Command): void {
    if (!this.#terminated) this.#carrier.post(command)
  }

  ask(query: Query): Promise<AnswerValue> {
    if (this.#terminated) return Promise.reject(new ConnectError(`${this.#label} has ended`))
    return this.#questions.ask((id) => this.post({ type: 'query', id, query }))
  }

  async terminate(): Promise<void> {
    this.#terminated = true
    this.#ready.resolve()
    clearInterval(this.#watch)
    this.#questions.failAll(`${this.#label} was ended`)
    await this.#carrier.terminate()
  }

  get #label(): string {
    return `${this.#carrier.kind} ${this.name}`
  }

  #onReport(report: Report): void {
    switch (report.type) {
      case 'pong':
        if (this.#reported) this.#options.logger.info(`${this.#label} answers again`)
        this.#pingedAt = undefined
        this.#reported = false
        return
      case 'ready':
        this.#pingedAt = undefined // a ping while it was starting says nothing of how it answers
        this.#ready.resolve()
        return
      case 'answer':
      case 'refusal':
        this.#questions.settle(report)
        return
      case 'fatal':
        this.#fatal ??= { trace: report.trace, culprit: report.instance }
        return
      default:
        // What a terminated carrier had still sent is history.
        if (!this.#terminated) this.#options.events.report(this, report)
    }
  }

  #onEnd(trace: string): void {
    clearInterval(this.#watch)
    this.#ready.resolve()
    this.#questions.failAll(`${this.#label} has ended`)
    if (this.#terminated) return
    this.#terminated = true
    this.#options.events.ended(this, this.#fatal ?? { trace, culprit: undefined })
  }

  #lookAfter(): void {
    if (this.#pingedAt === undefined) {
      this.#pingedAt = Date.now()
      this.post({ type: 'ping' })
      void this.#noteCpu()
    } else if (!this.#reported && this.silentMs > SPINS_AFTER_MS && this.#isHeld()) {
      this.#reported = true
      this.#options.logger.warn(
        `${this.#label} has not answered for ${Math.round(this.silentMs / 1000)} s: a plugin in it holds the processor`,
      )
      this.#options.events.hangs(this)
    }
    void this.#checkMemory()
  }

  /** One that is blocked leaves the last figure standing. */
  async #noteCpu(): Promise<void> {
    const asked = this.#pingedAt
    try {
      const cpuMs = await this.#carrier.cpuMs()
      if (cpuMs === undefined) return
      const noted = this.#cpu
      if (noted !== undefined && noted.pingedAt === asked) noted.nowMs = cpuMs
      else this.#cpu = { pingedAt: asked, startMs: cpuMs, nowMs: cpuMs }
    } catch {
      return // it is ending
    }
  }

  #isHeld(): boolean {
    if (this.silentMs > BLOCKED_AFTER_MS) return true
    void this.#noteCpu()
    const cpu = this.#cpu
    return cpu !== undefined && cpu.pingedAt === this.#pingedAt && cpu.nowMs - cpu.startMs > SPINS_AFTER_MS
  }

  async #checkMemory(): Promise<void> {
    const limit = this.#options.memoryMaxMb
    let usedMb: number | undefined
    try {
      usedMb = await this.#carrier.memoryMb()
    } catch {
      return // it is ending
    }
    if (usedMb === undefined || usedMb <= limit || this.#terminated) return
    const error = new ConnectError(
      `${this.#label} holds ${Math.round(usedMb)} MB, more than task.memory.max.mb=${limit}`,
    )
    this.#fatal ??= { trace: stackTrace(error), culprit: undefined }
    await this.#carrier.terminate()
  }
}
