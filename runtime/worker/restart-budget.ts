import { extraConnectorDef } from '../config/connector-config.ts'
import type { FailureClass } from '../config/recovery-keys.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { Props } from '../api/index.ts'

export interface RestartSettings {
  /** Are failed tasks started again at all? */
  readonly enabled: boolean
  readonly on: readonly string[]
  readonly delayMs: number
  readonly maxDelayMs: number
  /** Within the window; -1: no limit. */
  readonly max: number
  readonly windowMs: number
}

export interface StallSettings {
  /** 0: a task may stand still for ever. */
  readonly timeoutMs: number
  readonly restart: boolean
}

/** `errors.task.restart.*`: what the connector says, else what the worker says. Throws ConfigError. */
export function restartSettings(connectorProps: Props, { common }: WorkerConfig): RestartSettings {
  const own = extraConnectorDef.parse(connectorProps)
  return {
    enabled: own['errors.task.restart.enable'] ?? common['errors.task.restart.enable'],
    on: own['errors.task.restart.on'] ?? common['errors.task.restart.on'],
    delayMs: common['errors.task.restart.delay.ms'],
    maxDelayMs: common['errors.task.restart.delay.max.ms'],
    max: own['errors.task.restart.max'] ?? common['errors.task.restart.max'],
    windowMs: common['errors.task.restart.window.ms'],
  }
}

/** `task.stall.*` */
export function stallSettings(connectorProps: Props, { common }: WorkerConfig): StallSettings {
  const own = extraConnectorDef.parse(connectorProps)
  return {
    timeoutMs: own['task.stall.timeout.ms'] ?? common['task.stall.timeout.ms'],
    restart: (own['task.stall.action'] ?? common['task.stall.action']) === 'restart',
  }
}

const JITTER = 0.2

/** How often and how soon one task may be started again. Pure but for the dice. */
export class RestartBudget {
  readonly #settings: RestartSettings
  /** Times of the restarts within the window. */
  #restarts: readonly number[] = []

  constructor(settings: RestartSettings) {
    this.#settings = settings
  }

  /** ms to wait before the task is started again after this failure; undefined: it stays failed. */
  afterFailure(failure: FailureClass, now: number): number | undefined {
    const { enabled, on } = this.#settings
    return enabled && on.includes(failure) ? this.#take(now) : undefined
  }

  /** The same for a task that stood still; whether it may is a setting of its own. */
  afterStall(now: number): number | undefined {
    return this.#take(now)
  }

  /** Restarts within the window so far. */
  get taken(): number {
    return this.#restarts.length
  }

  /** null: no limit */
  get left(): number | null {
    return this.#settings.max < 0 ? null : Math.max(0, this.#settings.max - this.taken)
  }

  #take(now: number): number | undefined {
    const { delayMs, maxDelayMs, max, windowMs } = this.#settings
    this.#restarts = this.#restarts.filter((at) => now - at < windowMs)
    if (max >= 0 && this.#restarts.length >= max) return undefined
    const plain = Math.min(maxDelayMs, delayMs * 2 ** Math.min(this.#restarts.length, 40))
    this.#restarts = [...this.#restarts, now]
    return Math.round(plain * (1 + JITTER * (Math.random() * 2 - 1)))
  }
}

/** undefined when the configuration says it wrongly: the start tells that, and nothing is started again then. */
export function restartBudget(connectorProps: Props, config: WorkerConfig): RestartBudget | undefined {
  try {
    return new RestartBudget(restartSettings(connectorProps, config))
  } catch {
    return undefined
  }
}
