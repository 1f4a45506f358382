import type { Logger, Props } from '../api/index.ts'
import { Admin } from './admin.ts'
import { clientOptions, consumerOptions, fetcherOptions, warnUnknown } from './client-options.ts'
import type { ClientOptions } from './client-options.ts'
import { Cluster } from './cluster.ts'
import { Consumer } from './consumer.ts'
import { Fetcher } from './fetcher.ts'
import { GroupMember } from './group-member.ts'
import type { GroupMemberOptions } from './group-member.ts'
import type { NetworkMeter } from './network-meter.ts'
import { Producer } from './producer.ts'
import { parseProducerOptions } from './producer-options.ts'
import { TransactionalProducer } from './transactional-producer.ts'
import { TransportProducerCluster } from './transport-producer-cluster.ts'

/**
 * Everything a worker or task needs from one cluster. Each client has connections of its own (a held-back request must not hold up
 * another's); all that are still open are closed with this.
 */
export class KafkaClients implements AsyncDisposable {
  readonly #props: Props
  readonly #logger: Logger
  readonly #clusters = new Set<Cluster>()
  readonly #warned = new Set<string>()
  #admin: Admin | undefined

  /** `props`: Kafka's property names (bootstrap.servers, client.id, request.timeout.ms, ...). An unknown one is warned of by name. No I/O yet. */
  constructor(options: { readonly props: Props; readonly logger: Logger }) {
    this.#props = options.props
    this.#logger = options.logger
    clientOptions(this.#props)
    this.#warnOnce(this.#props)
  }

  /** One for all; closed with the KafkaClients. */
  admin(): Admin {
    return (this.#admin ??= new Admin(this.#cluster(clientOptions(this.#props))))
  }

  producer(props: Props = {}): Producer {
    const all = this.#all(props)
    const cluster = new TransportProducerCluster(this.#cluster(clientOptions(all)))
    return new Producer({ options: parseProducerOptions(all), cluster, logger: this.#logger })
  }

  /** `props`: transactional.id, transaction.timeout.ms and the producer's properties. */
  transactionalProducer(props: Props): TransactionalProducer {
    const all = this.#all(props)
    return new TransactionalProducer({ props: all, cluster: this.#cluster(clientOptions(all)), logger: this.#logger })
  }

  fetcher(props: Props = {}): Fetcher {
    const options = fetcherOptions(this.#all(props))
    return new Fetcher(this.#cluster(options), options, this.#logger)
  }

  consumer(props: Props): Consumer {
    const options = consumerOptions(this.#all(props))
    const cluster = this.#cluster(options)
    return new Consumer({
      cluster,
      options,
      logger: this.#logger,
      fetcher: new Fetcher(cluster, options, this.#logger),
      member: new GroupMember(cluster, {
        groupId: options.groupId,
        protocolType: 'consumer',
        sessionTimeoutMs: options.sessionTimeoutMs,
        // the longest that a member may work on a batch before it must have joined (KIP-62)
        rebalanceTimeoutMs: options.maxPollIntervalMs,
        heartbeatIntervalMs: options.heartbeatIntervalMs,
        ...(options.groupInstanceId === '' ? {} : { groupInstanceId: options.groupInstanceId }),
        clientId: options.clientId,
        logger: this.#logger,
      }),
    })
  }

  /** `network` counts what its connections do. */
  groupMember(options: GroupMemberOptions & { readonly network?: NetworkMeter }): GroupMember {
    const cluster = this.#cluster({ ...clientOptions(this.#props), clientId: options.clientId }, options.network)
    return new GroupMember(cluster, options)
  }

  async clusterId(): Promise<string> {
    return (await this.admin().describeCluster()).clusterId
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cluster of this.#clusters) await cluster[Symbol.asyncDispose]()
  }

  #all(props: Props): Props {
    this.#warnOnce(props)
    return { ...this.#props, ...props }
  }

  #warnOnce(props: Props): void {
    const fresh = Object.entries(props).filter(([key]) => !this.#warned.has(key))
    for (const [key] of fresh) this.#warned.add(key)
    warnUnknown(Object.fromEntries(fresh), this.#logger)
  }

  #cluster(options: ClientOptions, meter?: NetworkMeter): Cluster {
    const cluster = new Cluster(options, this.#logger, () => this.#clusters.delete(cluster), meter)
    this.#clusters.add(cluster)
    return cluster
  }
}
