import type * as prometheus from 'prom-client'

export type MetricLabels = Readonly<Record<string, string>>

/** One value of one metric. Names ending in `_total` are counters, all others gauges. */
export interface MetricSample {
  /** `kafka_connect_<group>_<attribute>`, dashes as underscores (Connect's JMX groups and attributes). */
  readonly name: string
  readonly labels: MetricLabels
  readonly value: number
}

/**
 * All metrics of a worker. Every reporter hands over its samples as a whole: tasks as snapshots every few seconds, rooms of the
 * main thread as functions that are asked when somebody scrapes.
 */
export class Metrics {
  readonly #snapshots = new Map<string, readonly MetricSample[]>()
  readonly #collectors = new Map<string, () => readonly MetricSample[]>()

  /** Replaces what `reporter` reported before. */
  report(reporter: string, samples: readonly MetricSample[]): void {
    this.#snapshots.set(reporter, samples)
  }

  /** Asked at every scrape. */
  collect(reporter: string, collector: () => readonly MetricSample[]): void {
    this.#collectors.set(reporter, collector)
  }

  remove(reporter: string): void {
    this.#snapshots.delete(reporter)
    this.#collectors.delete(reporter)
  }

  /** The reporter has ended: its totals stay until it is removed; what was true only then (rates, lags, times) goes. */
  settle(reporter: string): void {
    const last = this.#snapshots.get(reporter)
    if (last !== undefined) this.#snapshots.set(reporter, last.filter(isTotal))
  }

  samples(): readonly MetricSample[] {
    const all = [...this.#snapshots.values()].flat()
    for (const collector of this.#collectors.values()) all.push(...collector())
    // those of a client are counted by it
    const own = all.filter(({ labels }) => labels['client_id'] === undefined || labels['id'] !== undefined).length
    all.push({ name: metricName('kafka-metrics-count', 'count'), labels: {}, value: own + 1 })
    return all
  }

  /** Prometheus text exposition, with the process's own metrics (`process_…`, `nodejs_…`) first. */
  async text(): Promise<string> {
    // Loaded at the first scrape: 16 MB that neither a task's thread nor a worker without a scraper should pay.
    const library = await import('prom-client')
    return (await processRegistry(library).metrics()) + (await exposition(library, this.samples()))
  }
}

/** `kafka_connect_source_task_metrics_source_record_poll_total` from Connect's group and attribute. */
export function metricName(group: string, attribute: string): string {
  return `kafka_connect_${group}_${attribute}`.replaceAll('-', '_')
}

/** Connect's error counters do not end as counters do. */
function isTotal({ name }: MetricSample): boolean {
  return name.endsWith('_total') || name.startsWith('kafka_connect_task_error_metrics_')
}

let ofProcess: prometheus.Registry | undefined

type Prometheus = typeof prometheus

function processRegistry({ Registry, collectDefaultMetrics }: Prometheus): prometheus.Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}

async function exposition({ Registry, Counter, Gauge }: Prometheus, samples: readonly MetricSample[]): Promise<string> {
  const byName = Map.groupBy(samples, (sample) => sample.name)
  const registry = new Registry()
  for (const [name, group] of byName) {
    const labelNames = [...new Set(group.flatMap(({ labels }) => Object.keys(labels)))]
    const options = { name, help: name.replaceAll('_', ' '), labelNames, registers: [registry] }
    if (name.endsWith('_total')) {
      const counter = new Counter(options)
      for (const { labels, value } of group) counter.inc({ ...labels }, value)
    } else {
      const gauge = new Gauge(options)
      for (const { labels, value } of group) gauge.set({ ...labels }, value)
    }
  }
  return await registry.metrics()
}
