import type { MetricSample } from '../telemetry/metrics.ts'
import { metricName } from '../telemetry/metrics.ts'
import type { HerderParts } from './parts.ts'

/** What the control side reports: work of this process and its place in the group. */
export function workerMetrics({ worker, group }: Pick<HerderParts, 'worker' | 'group'>): readonly MetricSample[] {
  const { connectors, tasks } = worker.running()
  const { membership, rebalancing } = group
  const sample = (name: string, attribute: string, value: number): MetricSample => ({
    name: metricName(name, attribute),
    labels: {},
    value,
  })
  return [
    sample('connect-worker-metrics', 'connector-count', connectors.length),
    sample('connect-worker-metrics', 'task-count', tasks.length),
    sample('connect-worker-rebalance-metrics', 'epoch', membership?.generation ?? -1),
    sample('connect-worker-rebalance-metrics', 'rebalancing', rebalancing ? 1 : 0),
    sample('connect-worker-rebalance-metrics', 'leader', membership?.isLeader === true ? 1 : 0),
    sample('connect-coordinator-metrics', 'assigned-connectors', membership?.work.connectors.length ?? 0),
    sample('connect-coordinator-metrics', 'assigned-tasks', membership?.work.tasks.length ?? 0),
  ]
}
