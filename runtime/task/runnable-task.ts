import type { MetricSample } from '../telemetry/metrics.ts'

/** A task as the thread that hosts it sees it: source or sink makes no difference. */
export interface RunnableTask {
  /** Settles when the task has ended: resolves after `stop` aborted, rejects with what made the task fail. */
  run(stop: AbortSignal): Promise<void>
  pause(): void
  resume(): void
  metrics(now: number): readonly MetricSample[]
  /** Closes connections without waiting for anything: what is not acknowledged yet will not be. */
  cancel(): Promise<void>
}

export interface TaskNews {
  started(): void
  paused(): void
  resumed(): void
}
