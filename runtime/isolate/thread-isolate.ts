import { Worker } from 'node:worker_threads'
import type { Logger, Props } from '../api/index.ts'
import { ConnectError } from '../api/index.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import type { Isolate, IsolateEnd, IsolateEvents } from './isolate.ts'
import type { AnswerValue, Command, InstanceId, Query, Report, ThreadSettings } from './messages.ts'
import { Questions } from './questions.ts'

export interface ThreadOptions {
  readonly name: string
  readonly workerProps: Props
  readonly mode: 'distributed' | 'standalone'
  readonly debug: boolean
  readonly metricsIntervalMs: number
  /** Heap and buffers together, MB: beyond it the thread is ended. */
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

/** A worker thread with guests. Watches that it answers and how much memory it holds. */
export class ThreadIsolate implements Isolate {
  readonly name: string
  readonly instances = new Set<InstanceId>()
  readonly #options: ThreadOptions
  readonly #thread: Worker
  readonly #questions = new Questions()
  readonly #activity = new SharedArrayBuffer(4)
  readonly #watch: NodeJS.Timeout
  #pingedAt: number | undefined
  /** CPU time of the thread at the ping and now. */
  #cpu: { readonly pingedAt: number | undefined; readonly startMs: number; nowMs: number } | undefined
  #reported = false
  #fatal: IsolateEnd | undefined
  #terminated = false

  constructor(options: ThreadOptions) {
    this.name = options.name
    this.#options = options
    const { workerProps, mode, debug, metricsIntervalMs, memoryMaxMb } = options
    const settings: ThreadSettings = { workerProps, mode, debug, metricsIntervalMs, activity: this.#activity }
    this.#thread = new Worker(new URL('./thread-entry.ts', import.meta.url), {
      name: options.name,
      workerData: settings,
      // The watch below ends a thread first, with a reason. V8 alone ends the whole process when a heap fills in one call.
      resourceLimits: { maxOldGenerationSizeMb: memoryMaxMb * 2 },
    })
    this.#thread.on('message', (report: Report) => this.#onReport(report))
    this.#thread.on('error', (error: unknown) => {
      this.#fatal ??= { trace: stackTrace(this.#explained(error)), culprit: undefined }
    })
    this.#thread.on('exit', (code) => this.#onExit(code))
    this.#watch = setInterval(() => this.#lookAfter(), PING_MS)
    this.#watch.unref()
  }

  get silentMs(): number {
    return this.#pingedAt === undefined ? 0 : Date.now() - this.#pingedAt
  }

  get lastActive(): InstanceId | undefined {
    const instance = Atomics.load(new Int32Array(this.#activity), 0)
    return instance === 0 ? undefined : instance
  }

  post(command: Command): void {
    if (!this.#terminated) this.#thread.postMessage(command)
  }

  ask(query: Query): Promise<AnswerValue> {
    if (this.#terminated) return Promise.reject(new ConnectError(`thread ${this.name} has ended`))
    return this.#questions.ask((id) => this.post({ type: 'query', id, query }))
  }

  async terminate(): Promise<void> {
    this.#terminated = true
    clearInterval(this.#watch)
    this.#questions.failAll(`thread ${this.name} was ended`)
    await this.#thread.terminate()
  }

  #onReport(report: Report): void {
    switch (report.type) {
      case 'pong':
        if (this.#reported) this.#options.logger.info(`thread ${this.name} answers again`)
        this.#pingedAt = undefined
        this.#reported = false
        return
      case 'answer':
      case 'refusal':
        this.#questions.settle(report)
        return
      case 'fatal':
        this.#fatal ??= { trace: report.trace, culprit: report.instance }
        return
      default:
        // What a terminated thread had still sent is history.
        if (!this.#terminated) this.#options.events.report(this, report)
    }
  }

  #onExit(code: number): void {
    clearInterval(this.#watch)
    this.#questions.failAll(`thread ${this.name} has ended`)
    if (this.#terminated) return
    this.#terminated = true
    const error = new ConnectError(`thread ${this.name} ended with exit code ${code}`)
    this.#options.events.ended(this, this.#fatal ?? { trace: stackTrace(error), culprit: undefined })
  }

  #lookAfter(): void {
    if (this.#pingedAt === undefined) {
      this.#pingedAt = Date.now()
      this.post({ type: 'ping' })
      void this.#noteCpu()
    } else if (!this.#reported && this.silentMs > SPINS_AFTER_MS && this.#isHeld()) {
      this.#reported = true
      this.#options.logger.warn(
        `thread ${this.name} has not answered for ${Math.round(this.silentMs / 1000)} s: a plugin in it holds the processor`,
      )
      this.#options.events.hangs(this)
    }
    void this.#checkMemory()
  }

  /** Also from a thread that spins: the engine interrupts it for that. One that is blocked leaves the last figure standing. */
  async #noteCpu(): Promise<void> {
    const asked = this.#pingedAt
    try {
      const { user, system } = await this.#thread.cpuUsage()
      const cpuMs = (user + system) / 1000
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

  /** resourceLimits see the heap, not buffers; these figures come also from a thread that does not answer. */
  async #checkMemory(): Promise<void> {
    const limit = this.#options.memoryMaxMb
    let usedMb: number
    try {
      const { used_heap_size, external_memory } = await this.#thread.getHeapStatistics()
      usedMb = (used_heap_size + external_memory) / 2 ** 20
    } catch {
      return // it is ending
    }
    if (usedMb <= limit || this.#terminated) return
    const error = new ConnectError(
      `thread ${this.name} holds ${Math.round(usedMb)} MB, more than task.memory.max.mb=${limit}`,
    )
    this.#fatal ??= { trace: stackTrace(error), culprit: undefined }
    await this.#thread.terminate()
  }

  #explained(error: unknown): unknown {
    if ((error as { code?: unknown }).code !== 'ERR_WORKER_OUT_OF_MEMORY') return error
    return new ConnectError(
      `thread ${this.name} needed more memory than task.memory.max.mb=${this.#options.memoryMaxMb} allows`,
      { cause: error },
    )
  }
}
