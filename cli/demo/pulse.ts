import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectRest, ConnectorStatus } from '../connect/rest.ts'
import { MetricsText } from './metrics-text.ts'
import type { ObjectFolder } from './object-folder.ts'

/** One connector as the view shows it. */
export interface ConnectorPulse {
  readonly name: string
  /** RUNNING, or the worst of the connector and its tasks. */
  readonly state: string
  readonly tasks: number
  readonly total: number
  readonly perSecond: number
  /** Records behind the end of its topics; undefined for a source. */
  readonly lag: number | undefined
  /** First line of what failed. */
  readonly problem: string | undefined
}

export interface Pulse {
  readonly connectors: readonly ConnectorPulse[]
  readonly objects: number
  readonly latestObject: string | undefined
  /** Transactions of the shop in this run. */
  readonly changes: number
}

const SOURCE_TOTAL = 'kafka_connect_source_task_metrics_source_record_write_total'
const SINK_TOTAL = 'kafka_connect_sink_task_metrics_sink_record_send_total'
const SINK_LAG = 'kafka_connect_sink_task_metrics_records_lag'
const WINDOW_MS = 10_000

/** Takes the pulse of a running lab from outside: REST, /metrics and the bucket's folder. */
export class PulseTaker {
  readonly #rest: ConnectRest
  readonly #objects: ObjectFolder
  readonly #changes: () => number
  readonly #history = new Map<string, { at: number; total: number }[]>()

  constructor(options: { rest: ConnectRest; objects: ObjectFolder; changes: () => number }) {
    this.#rest = options.rest
    this.#objects = options.objects
    this.#changes = options.changes
  }

  /** One pulse every `everyMs` until the signal aborts. */
  async *pulses(everyMs: number, signal: AbortSignal): AsyncGenerator<Pulse> {
    while (!signal.aborted) {
      yield await this.take()
      // cut short by the stop, which the loop sees
      await delay(everyMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async take(): Promise<Pulse> {
    const [statuses, text] = await Promise.all([this.#rest.statuses(), this.#rest.metrics(), this.#objects.look()])
    const metrics = new MetricsText(text)
    return {
      connectors: statuses.map((status) => this.#connector(status, metrics)),
      objects: this.#objects.count,
      latestObject: this.#objects.latest,
      changes: this.#changes(),
    }
  }

  #connector(status: ConnectorStatus, metrics: MetricsText): ConnectorPulse {
    const of = { connector: status.name }
    const sink = metrics.sum(SINK_TOTAL, of)
    const total = metrics.sum(SOURCE_TOTAL, of) ?? sink ?? 0
    const instances = [status.connector, ...status.tasks]
    const worst =
      instances.find(({ state }) => state === 'FAILED') ?? instances.find(({ state }) => state !== 'RUNNING')
    return {
      name: status.name,
      state: worst?.state ?? 'RUNNING',
      tasks: status.tasks.length,
      total,
      perSecond: this.#rate(status.name, total),
      lag: sink === undefined ? undefined : (metrics.sum(SINK_LAG, of) ?? 0),
      problem: worst?.trace?.split('\n')[0],
    }
  }

  /** Over the last seconds, so that the figure is calm. */
  #rate(name: string, total: number): number {
    const now = performance.now()
    const samples = (this.#history.get(name) ?? []).filter(({ at }) => at > now - WINDOW_MS)
    samples.push({ at: now, total })
    this.#history.set(name, samples)
    const first = samples[0]!
    const seconds = (now - first.at) / 1000
    return seconds === 0 ? 0 : Math.max(0, total - first.total) / seconds
  }
}
