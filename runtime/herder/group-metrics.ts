import type { ProtocolName } from '../group/connect-protocol.ts'
import type { MetricLabels, MetricSample } from '../telemetry/metrics.ts'
import { metricName } from '../telemetry/metrics.ts'
import type { HerderParts } from './parts.ts'

/** As Connect names them in metrics. */
const PROTOCOLS: Readonly<Record<ProtocolName, string>> = {
  default: 'EAGER',
  compatible: 'COMPATIBLE',
  sessioned: 'SESSIONED',
}

/** What the control side reports: this worker's place in the group. */
export function groupMetrics({ group }: Pick<HerderParts, 'group'>, now = Date.now()): readonly MetricSample[] {
  const { membership, rebalancing, rebalances, protocol } = group
  const sample = (name: string, attribute: string, value: number, labels: MetricLabels = {}): MetricSample => ({
    name: metricName(name, attribute),
    labels,
    value,
  })
  const rebalance = (attribute: string, value: number, labels?: MetricLabels): MetricSample =>
    sample('connect-worker-rebalance-metrics', attribute, value, labels)
  const samples = [
    rebalance('epoch', membership?.generation ?? -1),
    rebalance('rebalancing', rebalancing ? 1 : 0),
    rebalance('leader', membership?.isLeader === true ? 1 : 0),
  ]
  if (rebalances === undefined) return samples
  const times = rebalances.times(now)
  samples.push(
    rebalance('connect-protocol', 1, { connect_protocol: PROTOCOLS[protocol] }),
    rebalance('completed-rebalances-total', rebalances.completed),
    rebalance('rebalance-max-time-ms', times.max),
    rebalance('rebalance-avg-time-ms', times.avg),
    rebalance('time-since-last-rebalance-ms', rebalances.sinceLast(now)),
  )
  if (membership !== undefined) samples.push(rebalance('leader-name', 1, { leader_name: membership.leaderUrl }))
  return samples
}
