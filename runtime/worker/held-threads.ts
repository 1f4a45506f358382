import { ConnectError } from '../api/index.ts'
import type { Logger } from '../api/index.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { Isolate } from '../isolate/isolate.ts'
import type { IsolatePool } from '../isolate/isolate-pool.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import type { TaskStart } from './launch-spec.ts'
import type { Resident, Stall } from './resident.ts'
import type { Residents } from './residents.ts'
import { stallSettings } from './restart-budget.ts'

export interface HeldThreadsOptions {
  readonly config: WorkerConfig
  readonly logger: Logger
  readonly pool: IsolatePool
  readonly residents: Residents
  readonly tasks: () => Iterable<{ readonly spec: TaskStart; readonly resident: Resident }>
}

/** A thread counts its silence from its last ping on, up to a second later than it began. */
const SLACK_MS = 1000

/** What becomes of guests that do not give their thread back, and of tasks that stand still. */
export class HeldThreads {
  readonly #options: HeldThreadsOptions

  constructor(options: HeldThreadsOptions) {
    this.#options = options
  }

  /** The task said so, or cannot say anything any more. */
  stalled({ connectorProps }: TaskStart, resident: Resident, stall: Stall): void {
    const { config, logger } = this.#options
    const seconds = Math.round((Date.now() - stall.since) / 1000)
    const { restart } = stallSettings(connectorProps, config)
    const then = restart ? '; it is ended and started again' : ''
    logger.warn(`${resident.label} has stood still for ${seconds} s, waiting for: ${stall.waitsFor}${then}`)
    if (restart) void resident.restartStalled(stall)
  }

  /**
   * A guest that does not give its thread back must not hold up others: then the thread is ended. In the thread of the connectors the culprit
   * fails, since a connector has nothing to compute. Tasks all begin again in threads of their own: which of them it was is not sure, and
   * long computations are no crime there. Alone a task holds only itself, until it is stopped or counts as stalled.
   */
  hangs(isolate: Isolate): void {
    const { pool, residents } = this.#options
    const error = new ConnectError(`the connector held its thread for too long, which was ended: ${isolate.name}`)
    const connectors = isolate === pool.connectorThread
    if (!connectors && isolate.instances.size < 2) {
      this.#watch(isolate)
      return
    }
    const culprit = connectors ? isolate.lastActive : undefined
    void pool.end(isolate)
    residents.houseLost(isolate, { trace: stackTrace(error), culprit })
  }

  /** It cannot say itself that it stands still. */
  #watch(isolate: Isolate): void {
    for (const { spec, resident } of this.#options.tasks()) {
      if (resident.home?.isolate !== isolate) continue
      const { timeoutMs } = stallSettings(spec.connectorProps, this.#options.config)
      if (timeoutMs === 0) return
      const timer = setTimeout(
        () => {
          if (resident.home?.isolate !== isolate || isolate.silentMs < timeoutMs) return
          this.stalled(spec, resident, { waitsFor: 'processor', since: Date.now() - isolate.silentMs })
        },
        Math.max(0, timeoutMs - isolate.silentMs) + SLACK_MS,
      )
      timer.unref()
    }
  }
}
