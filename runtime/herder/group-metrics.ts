import type { MetricSample } from '../telemetry/metrics.ts'
import { metricName } from '../telemetry/metrics.ts'
import type { HerderParts } from './parts.ts'

/** What the control side reports: this worker's place in the group. */
export function groupMetrics({ group }: Pick<HerderParts, 'group'>): readonly MetricSample[] {
  const { membership, rebalancing } = group
  const sample = (name: string, attribute: string, value: number): MetricSample => ({
    name: metricName(name, attribute),
    labels: {},
    value,
  })
  return [
    sample('connect-worker-rebalance-metrics', 'epoch', membership?.generation ?? -1),
    sample('connect-worker-rebalance-metrics', 'rebalancing', rebalancing ? 1 : 0),
    sample('connect-worker-rebalance-metrics', 'leader', membership?.isLeader === true ? 1 : 0),
    sample('connect-coordinator-metrics', 'assigned-connectors', membership?.work.connectors.length ?? 0),
    sample('connect-coordinator-metrics', 'assigned-tasks', membership?.work.tasks.length ?? 0),
  ]
}
