import { abortable } from '../async/abort.ts'
import type { Logger } from '../api/index.ts'
import type { Address, ClientOptions } from './client-options.ts'
import { Connections } from './connections.ts'
import { firstAnswer } from './first-answer.ts'
import { KafkaError, isKafkaError, throwOn } from './kafka-errors.ts'
import type { NetworkMeter } from './network-meter.ts'
import { ErrorCode, FindCoordinator, Metadata } from './protocol/index.ts'
import type { Api, Fields, Message, MessageInput, ResponseOf } from './protocol/index.ts'
import type { BrokerConnection } from './broker-connection.ts'

export interface Node extends Address {
  readonly nodeId: number
}

export interface TopicInfo {
  readonly name: string
  readonly topicId: string
  readonly internal: boolean
  /** Index = partition; leader undefined: none at the moment, or one that is not among the brokers any more. */
  readonly partitions: readonly { readonly leader: number | undefined; readonly leaderEpoch: number }[]
}

/** What has a coordinator, with the key types of FindCoordinator. */
const COORDINATOR_TYPES = { group: 0, transaction: 1 } as const
export type Coordinated = keyof typeof COORDINATOR_TYPES

/** Another broker is asked too when one is silent for so long. */
const PATIENCE_MS = 1000
/** A broker that was silent is asked last for so long. */
const SHUNNED_MS = 10_000

export interface SendOptions {
  /** Requests of one channel share a connection per broker. */
  readonly channel?: string
  readonly timeoutMs?: number
  /** Highest version to use. */
  readonly limit?: number
  readonly expectResponse?: boolean
  readonly signal?: AbortSignal | undefined
}

/** What one client knows of the cluster, nodes, topics, coordinators, and its way to send requests there. */
export class Cluster implements AsyncDisposable {
  readonly options: ClientOptions
  readonly #logger: Logger
  readonly #onClosed: () => void
  readonly #connections: Connections
  readonly #topics = new Map<string, TopicInfo>()
  readonly #coordinators: Readonly<Record<Coordinated, Map<string, number>>> = {
    group: new Map(),
    transaction: new Map(),
  }
  readonly #refreshing = new Map<string, Promise<ResponseOf<typeof Metadata>>>()
  /** Until when brokers that were silent are asked last, by address. */
  readonly #shunned = new Map<string, number>()
  #nodes: ReadonlyMap<number, Node> = new Map()
  #refreshedAt = 0

  constructor(options: ClientOptions, logger: Logger, onClosed: () => void = () => undefined, meter?: NetworkMeter) {
    this.options = options
    this.#logger = logger
    this.#onClosed = onClosed
    this.#connections = new Connections(options, logger, meter)
  }

  /** From the cache, which renews itself in the background after metadata.max.age.ms. */
  topic(name: string): TopicInfo | undefined {
    if (this.#topics.size > 0 && Date.now() - this.#refreshedAt > this.options.metadataMaxAgeMs) this.#renew()
    return this.#topics.get(name)
  }

  leader(topic: string, partition: number): number | undefined {
    return this.topic(topic)?.partitions[partition]?.leader
  }

  /** Reads metadata of these topics (null: all) into the cache and answers it. The same question at the same time is asked once. */
  async refresh(
    topics: readonly string[] | null,
    options: { readonly create?: boolean; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ResponseOf<typeof Metadata>> {
    const question = JSON.stringify([topics, options.create])
    let asked = this.#refreshing.get(question)
    if (asked === undefined) {
      asked = this.#metadata(topics, options.create ?? false).finally(() => this.#refreshing.delete(question))
      this.#refreshing.set(question, asked)
    }
    return await abortable(asked, options.signal)
  }

  /** Sends to one broker or to any. `request` may depend on the version that is chosen. */
  async send<Q extends Fields, S extends Fields>(
    target: number | 'any',
    api: Api<Q, S>,
    request: MessageInput<Q> | ((version: number) => MessageInput<Q>),
    options: SendOptions = {},
  ): Promise<Message<S>> {
    const { channel = 'main', signal } = options
    const connection =
      target === 'any'
        ? await this.#anyConnection(channel, signal)
        : await this.#connections.to(this.#address(target, api.name), channel, signal)
    return await this.#sendOn(connection, api, request, options)
  }

  /** When a request could be sent to the broker without waiting for a back-off, in milliseconds since the epoch. */
  reachableAt(nodeId: number): number {
    const node = this.#nodes.get(nodeId)
    return node === undefined ? 0 : this.#connections.reachableAt(node)
  }

  /** The broker that coordinates this group or transactional id; remembered until `forgetCoordinator`. */
  async coordinator(key: string, signal?: AbortSignal, of: Coordinated = 'group'): Promise<number> {
    const known = this.#coordinators[of].get(key)
    if (known !== undefined) return known
    const response = await abortable(
      this.#ask(FindCoordinator, { key, keyType: COORDINATOR_TYPES[of], coordinatorKeys: [key] }),
      signal,
    )
    const found = response.coordinators[0] ?? response
    const doing = `find the coordinator of ${of} ${key}`
    throwOn(found.errorCode, doing, found.errorMessage)
    const { nodeId, host, port } = found
    this.#nodes = new Map([...this.#nodes, [nodeId, { nodeId, host, port }]])
    // others have not noticed yet that it is gone: to ask again soon finds its successor sooner than to wait for it
    if (this.reachableAt(nodeId) > Date.now())
      throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, doing, { detail: `${host}:${port} is not reachable` })
    this.#coordinators[of].set(key, nodeId)
    return nodeId
  }

  knownCoordinator(groupId: string): number | undefined {
    return this.#coordinators.group.get(groupId)
  }

  forgetCoordinator(key: string, of: Coordinated = 'group'): void {
    this.#coordinators[of].delete(key)
  }

  /** Closes one connection: a request that the broker holds back would hold up the next one. */
  drop(nodeId: number, channel: string): void {
    const node = this.#nodes.get(nodeId)
    if (node !== undefined) this.#connections.drop(node, channel)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connections.close()
    this.#onClosed()
  }

  async #metadata(topics: readonly string[] | null, create: boolean): Promise<ResponseOf<typeof Metadata>> {
    const response = await this.#ask(
      Metadata,
      { topics: topics === null ? null : topics.map((name) => ({ name })), allowAutoTopicCreation: create },
      { limit: 12 },
    )
    this.#nodes = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { nodeId, host, port }]))
    if (topics === null) this.#topics.clear()
    for (const topic of response.topics) {
      if (topic.name === null) continue
      if (topic.errorCode === ErrorCode.NONE || topic.partitions.length > 0)
        this.#topics.set(topic.name, topicInfo(topic))
      else if (topic.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) this.#topics.delete(topic.name)
    }
    this.#forgetLeaders()
    this.#refreshedAt = Date.now()
    return response
  }

  /** Those that are gone lead none of the other topics either, which were not asked for. */
  #forgetLeaders(): void {
    const isGone = ({ leader }: TopicInfo['partitions'][number]): boolean =>
      leader !== undefined && !this.#nodes.has(leader)
    for (const [name, topic] of this.#topics)
      if (topic.partitions.some(isGone))
        this.#topics.set(name, {
          ...topic,
          partitions: topic.partitions.map((each) => (isGone(each) ? { ...each, leader: undefined } : each)),
        })
  }

  #renew(): void {
    this.#refreshedAt = Date.now()
    this.refresh([...this.#topics.keys()]).catch((error: unknown) => {
      this.#logger.debug(`metadata could not be renewed: ${String(error)}`)
    })
  }

  #address(nodeId: number, apiName: string): Address {
    const node = this.#nodes.get(nodeId)
    if (node !== undefined) return node
    throw new KafkaError(ErrorCode.NETWORK_EXCEPTION, `send ${apiName} to broker ${nodeId}`, {
      detail: 'the broker is not in the metadata',
    })
  }

  async #sendOn<Q extends Fields, S extends Fields>(
    connection: BrokerConnection,
    api: Api<Q, S>,
    request: MessageInput<Q> | ((version: number) => MessageInput<Q>),
    options: SendOptions,
  ): Promise<Message<S>> {
    const version = connection.version(api, options.limit)
    const body = typeof request === 'function' ? request(version) : request
    // without a response only for acks=0, where the caller does not look at it
    return (await abortable(connection.send(api, version, body, options), options.signal)) as Message<S>
  }

  /** Asks what every broker knows. */
  async #ask<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    question: MessageInput<Q>,
    options: SendOptions = {},
  ): Promise<Message<S>> {
    const { channel = 'main' } = options
    return await firstAnswer({
      candidates: this.#anyBroker(),
      ask: async (address) => await this.#sendOn(await this.#connections.to(address, channel), api, question, options),
      patienceMs: PATIENCE_MS,
      onSilence: (address) => this.#shunned.set(nameOf(address), Date.now() + SHUNNED_MS),
    })
  }

  /** Known brokers and bootstrap servers in turn, those that failed lately or were silent last. */
  async #anyConnection(channel: string, signal: AbortSignal | undefined) {
    let last: unknown
    for (const address of this.#anyBroker()) {
      try {
        return await this.#connections.to(address, channel, signal)
      } catch (error) {
        if (!isKafkaError(error)) throw error
        last = error
      }
    }
    throw last
  }

  /** At least one. */
  #anyBroker(): readonly Address[] {
    const addresses = unique([...shuffled([...this.#nodes.values()]), ...shuffled(this.options.bootstrap)])
    const now = Date.now()
    const ready = addresses.filter((address) => this.#connections.reachableAt(address) <= now)
    const shunned = (address: Address): boolean => (this.#shunned.get(nameOf(address)) ?? 0) > now
    const asked = ready.length > 0 ? ready : addresses.slice(0, 1)
    return [...asked.filter((address) => !shunned(address)), ...asked.filter(shunned)]
  }
}

function topicInfo(topic: ResponseOf<typeof Metadata>['topics'][number]): TopicInfo {
  const partitions: { leader: number | undefined; leaderEpoch: number }[] = []
  for (const { partitionIndex, leaderId, leaderEpoch } of topic.partitions) {
    partitions[partitionIndex] = { leader: leaderId < 0 ? undefined : leaderId, leaderEpoch }
  }
  for (let i = 0; i < partitions.length; i++) partitions[i] ??= { leader: undefined, leaderEpoch: -1 }
  return { name: topic.name ?? '', topicId: topic.topicId, internal: topic.isInternal, partitions }
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value)
}

function unique(addresses: readonly Address[]): readonly Address[] {
  return [...new Map(addresses.map((address) => [nameOf(address), address])).values()]
}

function nameOf({ host, port }: Address): string {
  return `${host}:${port}`
}
