import type { GroupMeter } from '../kafka/group-meter.ts'
import type { NetworkMeter } from '../kafka/network-meter.ts'
import type { EventLoop } from '../telemetry/event-loop.ts'
import type { Meter } from '../telemetry/meter.ts'
import { metricName } from '../telemetry/metrics.ts'
import type { MetricLabels, MetricSample } from '../telemetry/metrics.ts'
import type { Work } from './assignment.ts'

type Attributes = readonly (readonly [attribute: string, value: number])[]

const NS_PER_S = 1e9
const SECONDS_PER_HOUR = 3600

export interface ClientMetricsOptions {
  readonly clientId: string
  readonly network: NetworkMeter
  readonly member: GroupMeter
  readonly loop: EventLoop
  /** What this worker is to run; undefined: it is in no group. */
  readonly work: Work | undefined
}

/**
 * What Java's client of the group (WorkerGroupMember) reports: org.apache.kafka.common.network.Selector's groups, AbstractCoordinator's, and
 * how many of all there are.
 */
export function clientMetrics(options: ClientMetricsOptions, now = Date.now()): readonly MetricSample[] {
  const { clientId, network, member, loop, work } = options
  const labels = { client_id: clientId }
  const samples = [
    ...group('connect-metrics', labels, [...networkAttributes(network, now), ...loopAttributes(loop, now)]),
    ...[...network.nodes].flatMap(([node, traffic]) =>
      group('connect-node-metrics', { ...labels, node_id: node }, nodeAttributes(traffic, now)),
    ),
    ...group('connect-coordinator-metrics', labels, [
      ['assigned-connectors', work?.connectors.length ?? 0],
      ['assigned-tasks', work?.tasks.length ?? 0],
      ...coordinatorAttributes(member, now),
    ]),
  ]
  return [...samples, ...group('kafka-metrics-count', labels, [['count', samples.length + 1]])]
}

function group(name: string, labels: MetricLabels, attributes: Attributes): readonly MetricSample[] {
  return attributes.map(([attribute, value]) => ({ name: metricName(name, attribute), labels, value }))
}

function networkAttributes(network: NetworkMeter, now: number): Attributes {
  const { total, created, closed, authenticated, refused } = network
  return [
    ['connection-count', network.open],
    ...counted('connection-creation', created, now),
    ...counted('connection-close', closed, now),
    ...counted('successful-authentication', authenticated, now),
    // Java's counts every authentication of a client here
    ['successful-authentication-no-reauth-total', authenticated.events],
    ...counted('failed-authentication', refused, now),
    // a connection whose authentication runs out is replaced by a new one
    ...NEVER.map((attribute) => [attribute, 0] as const),
    ['network-io-rate', total.requests.rates(now).events + total.responses.rates(now).events],
    ['network-io-total', total.requests.events + total.responses.events],
    ...trafficAttributes(total, now),
  ]
}

const NEVER = [
  'successful-reauthentication-rate',
  'successful-reauthentication-total',
  'failed-reauthentication-rate',
  'failed-reauthentication-total',
  'reauthentication-latency-avg',
  'reauthentication-latency-max',
]

function nodeAttributes(traffic: NetworkMeter['total'], now: number): Attributes {
  const latency = traffic.latency.recent(now)
  return [
    ...trafficAttributes(traffic, now),
    ['request-latency-avg', latency.avg],
    ['request-latency-max', latency.max],
  ]
}

function trafficAttributes({ requests, responses }: NetworkMeter['total'], now: number): Attributes {
  const sizes = requests.recent(now)
  return [
    ...counted('request', requests, now),
    ['request-size-avg', sizes.avg],
    ['request-size-max', sizes.max],
    ['outgoing-byte-rate', requests.rates(now).sum],
    ['outgoing-byte-total', requests.sum],
    ...counted('response', responses, now),
    ['incoming-byte-rate', responses.rates(now).sum],
    ['incoming-byte-total', responses.sum],
  ]
}

/** Node's event loop is what Java's selector is: it waits for sockets, and does what they ask for. */
function loopAttributes(loop: EventLoop, now: number): Attributes {
  const { rounds, activeNs, idleNs, rates } = loop.at(now)
  const perRound = (ns: number): number => (rates.rounds === 0 ? 0 : ns / rates.rounds)
  return [
    ['select-rate', rates.rounds],
    ['select-total', rounds],
    ['io-ratio', rates.activeNs / NS_PER_S],
    ['io-time-ns-avg', perRound(rates.activeNs)],
    ['io-time-ns-total', activeNs],
    ['io-wait-ratio', rates.idleNs / NS_PER_S],
    ['io-wait-time-ns-avg', perRound(rates.idleNs)],
    ['io-wait-time-ns-total', idleNs],
  ]
}

function coordinatorAttributes(member: GroupMeter, now: number): Attributes {
  const { heartbeats, joins, syncs, rebalances, failures } = member
  const [join, sync, rebalance] = [joins, syncs, rebalances].map((each) => each.recent(now))
  return [
    ...counted('heartbeat', heartbeats, now),
    ['heartbeat-response-time-max', heartbeats.recent(now).max],
    ['last-heartbeat-seconds-ago', member.sinceHeartbeat(now)],
    ...counted('join', joins, now),
    ['join-time-avg', join!.avg],
    ['join-time-max', join!.max],
    ...counted('sync', syncs, now),
    ['sync-time-avg', sync!.avg],
    ['sync-time-max', sync!.max],
    ['rebalance-latency-avg', rebalance!.avg],
    ['rebalance-latency-max', rebalance!.max],
    ['rebalance-latency-total', rebalances.sum],
    ['rebalance-total', rebalances.events],
    ['rebalance-rate-per-hour', rebalances.rates(now).events * SECONDS_PER_HOUR],
    ['failed-rebalance-total', failures.events],
    ['failed-rebalance-rate-per-hour', failures.rates(now).events * SECONDS_PER_HOUR],
    ['last-rebalance-seconds-ago', member.sinceRebalance(now)],
  ]
}

function counted(what: string, meter: Meter, now: number): Attributes {
  return [
    [`${what}-rate`, meter.rates(now).events],
    [`${what}-total`, meter.events],
  ]
}
