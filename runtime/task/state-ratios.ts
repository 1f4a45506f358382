import { metricName } from '../telemetry/metrics.ts'
import type { MetricLabels, MetricSample } from '../telemetry/metrics.ts'

type State = 'starting' | 'running' | 'paused'

/** How much of its time a task has been running and paused: `running-ratio`, `pause-ratio` of connector-task-metrics, from 0 to 1. */
export class StateRatios {
  readonly #labels: MetricLabels
  readonly #startedAt = Date.now()
  readonly #times: Record<State, number> = { starting: 0, running: 0, paused: 0 }
  #state: State = 'starting'
  #since = this.#startedAt

  constructor(labels: MetricLabels) {
    this.#labels = labels
  }

  enter(state: State, now = Date.now()): void {
    this.#times[this.#state] += now - this.#since
    this.#state = state
    this.#since = now
  }

  samples(now: number): readonly MetricSample[] {
    this.enter(this.#state, now)
    const all = Math.max(1, now - this.#startedAt)
    const ratio = (attribute: string, ms: number): MetricSample => ({
      name: metricName('connector-task-metrics', attribute),
      labels: this.#labels,
      value: ms / all,
    })
    return [ratio('running-ratio', this.#times.running), ratio('pause-ratio', this.#times.paused)]
  }
}
