import { metricName } from './metrics.ts'
import type { MetricSample } from './metrics.ts'

/** The group app-info: what runs here since when. Texts are labels of a gauge of 1, named like their attribute. */
export function appInfo(of: {
  readonly workerId: string
  readonly version: string
  /** ms since the epoch */
  readonly startedAt: number
}): readonly MetricSample[] {
  const { workerId: id, version, startedAt } = of
  const sample = (attribute: string, value: number, more = {}): MetricSample => ({
    name: metricName('app-info', attribute),
    labels: { id, client_id: id, ...more },
    value,
  })
  return [
    sample('version', 1, { version }),
    sample('commit-id', 1, { commit_id: 'unknown' }),
    sample('start-time-ms', startedAt),
  ]
}
