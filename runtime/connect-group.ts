import type { Logger } from './api/logger.ts'
import type { WorkerConfig } from './config/worker-config.ts'
import { decodeMetadata } from './group/connect-protocol.ts'
import { clientMetrics } from './group/client-metrics.ts'
import { isFormerSelf, ownAddresses } from './group/former-self.ts'
import type { ConfigView, Group } from './group/group.ts'
import { LeaderAssignor } from './group/leader-assignor.ts'
import { PeerWatch } from './group/peer-watch.ts'
import type { Peer, PeerWatchOptions } from './group/peer-watch.ts'
import { Rebalances } from './group/rebalances.ts'
import { SoloGroupMember } from './group/solo-group-member.ts'
import { WorkerGroupMember } from './group/worker-group-member.ts'
import { GroupMeter } from './kafka/group-meter.ts'
import type { KafkaClients } from './kafka/kafka-clients.ts'
import { NetworkMeter } from './kafka/network-meter.ts'
import type { ConfigBackingStore } from './storage/config-backing-store.ts'
import { EventLoop } from './telemetry/event-loop.ts'
import type { Metrics } from './telemetry/metrics.ts'

export interface OpenGroupOptions {
  readonly config: WorkerConfig
  readonly configs: ConfigBackingStore
  readonly clients: KafkaClients
  /** Advertised, with a slash at the end. */
  readonly url: string
  readonly workerId: string
  /** Holds on to another worker's presence; REST's. */
  readonly attend: PeerWatchOptions['attend']
  readonly metrics: Metrics
  readonly logger: Logger
}

/** The worker's place among others: Kafka's group protocol, or nobody else in a standalone worker. */
export function openGroup(options: OpenGroupOptions): Group {
  const { config, configs, clients, url, workerId, attend, metrics, logger } = options
  const view = configView(configs)
  if (config.mode === 'standalone') return new SoloGroupMember({ config: view, url })
  const { distributed, protocol, groupId = '' } = config
  const syncTimeoutMs = distributed['worker.sync.timeout.ms']
  const timeouts = {
    sessionTimeoutMs: distributed['session.timeout.ms'],
    rebalanceTimeoutMs: distributed['rebalance.timeout.ms'],
  }
  const clientId = config.common['client.id'] === '' ? `connect-${workerId}` : config.common['client.id']
  const window = config.common
  const network = new NetworkMeter({ clientId, window })
  const meter = new GroupMeter(window)
  const loop = new EventLoop(window)
  const member = clients.groupMember({
    groupId,
    protocolType: 'connect',
    ...timeouts,
    heartbeatIntervalMs: distributed['heartbeat.interval.ms'],
    ...{ clientId, network, meter, logger },
  })
  const maxDelayMs = distributed['scheduled.rebalance.max.delay.ms']
  const assignor = new LeaderAssignor({ config: view, logger, maxDelayMs, syncTimeoutMs })
  const peers = new PeerWatch({
    members: (signal) => membersOf(clients, groupId, signal),
    attend,
    isFormerSelf: async (peer, signal) => {
      const { nodes } = await clients.admin().describeCluster(signal)
      return isFormerSelf(peer, { addresses: ownAddresses(), brokers: nodes.map(({ host }) => host) })
    },
    remove: (memberId, reason, signal) => clients.admin().removeMember(groupId, memberId, reason, signal),
    gone: () => group.rejoin(),
    logger,
  })
  const group = new WorkerGroupMember({
    ...{ member, assignor, peers, config: view, url, protocol, syncTimeoutMs, maxDelayMs, logger },
    ...timeouts,
    unsyncBackoffMs: distributed['worker.unsync.backoff.ms'],
    rebalances: new Rebalances(config.common),
  })
  metrics.collect('group-client', () =>
    clientMetrics({ clientId, network, member: meter, loop, work: group.membership?.work }),
  )
  return group
}

/** By member id; empty unless the group is settled, for only then the coordinator shows what members said of themselves. */
async function membersOf(clients: KafkaClients, groupId: string, signal: AbortSignal): Promise<readonly Peer[]> {
  const { members } = await clients.admin().describeGroup(groupId, signal)
  if (members.some(({ metadata }) => metadata.length === 0)) return []
  return members
    .map(({ memberId, host, metadata }) => ({ memberId, host, url: decodeMetadata(metadata).url }))
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
}

/** The same answer for the same state: the group asks often. */
function configView(configs: ConfigBackingStore): ConfigView {
  let seen = configs.state
  let view: ReturnType<ConfigView['current']> | undefined
  return {
    current() {
      const { state } = configs
      if (view === undefined || seen !== state) {
        seen = state
        const connectors = [...state.connectors.keys()]
        const tasks = connectors.flatMap((connector) =>
          (state.taskSets.get(connector)?.configs ?? []).map((_, task) => ({ connector, task })),
        )
        view = { offset: state.offset, configured: { connectors, tasks } }
      }
      return view
    },
    async refresh(signal) {
      await configs.refresh(signal)
    },
  }
}
