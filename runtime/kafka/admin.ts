import { NotFoundError } from '../api/index.ts'
import type { Cluster } from './cluster.ts'
import { deleteGroup, deleteGroupOffsets, describeGroup } from './group-admin.ts'
import type { GroupDescription } from './group-admin.ts'
import { commitGroupOffsets, fetchGroupOffsets } from './group-offsets.ts'
import { fenceProducer } from './fence-producer.ts'
import { KafkaError, throwOn } from './kafka-errors.ts'
import { listOffsets } from './list-offsets.ts'
import type { OffsetSpec } from './list-offsets.ts'
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  DescribeConfigs,
  ErrorCode,
  IncrementalAlterConfigs,
  NIL_UUID,
} from './protocol/index.ts'
import { removeMember } from './remove-members.ts'
import { retrying } from './retry.ts'
import type { PartitionOffset, TopicPartition } from './topic-partition.ts'

export type { GroupDescription } from './group-admin.ts'

/** ConfigResource.Type.TOPIC */
const TOPIC_RESOURCE = 2
const SET_CONFIG = 0
const DELETE_CONFIG = 1

export interface NewTopic {
  readonly name: string
  /** -1 or absent: the broker's default. */
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface TopicDescription {
  readonly name: string
  /** As Kafka prints it. */
  readonly topicId: string
  readonly internal: boolean
  readonly partitions: readonly {
    readonly partition: number
    /** -1: none at the moment. */
    readonly leader: number
    readonly replicas: readonly number[]
    readonly isr: readonly number[]
  }[]
}

export interface ClusterDescription {
  readonly clusterId: string
  readonly controllerId: number
  readonly nodes: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
}

/** Topics, configs, offsets and groups of a cluster. Every call repeats what is retriable, up to default.api.timeout.ms. */
export class Admin {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Creates what does not exist; answers the names it created. */
  async createTopics(topics: readonly NewTopic[], signal?: AbortSignal): Promise<readonly string[]> {
    const created: string[] = []
    for (const topic of topics) if (await this.createTopic(topic, signal)) created.push(topic.name)
    return created
  }

  /** True when created, false when it existed. Resolves when the topic shows in the metadata. */
  async createTopic(topic: NewTopic, signal?: AbortSignal): Promise<boolean> {
    const { name, partitions = -1, replicationFactor = -1, configs = {} } = topic
    const doing = `create topic ${name}`
    const created = await this.#retry(signal, async () => {
      const response = await this.#cluster.send(
        await this.#controller(signal),
        CreateTopics,
        {
          topics: [
            {
              name,
              numPartitions: partitions,
              replicationFactor,
              assignments: [],
              configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
            },
          ],
          timeoutMs: this.#cluster.options.requestTimeoutMs,
        },
        { signal },
      )
      const { errorCode, errorMessage } = response.topics[0]!
      if (errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return false
      throwOn(errorCode, doing, errorMessage)
      return true
    })
    await this.#retry(signal, async () => {
      const [description] = await this.describeTopics([name], signal)
      const leaders = description?.partitions.every(({ leader }) => leader >= 0) ?? false
      if (!leaders) throw new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, doing)
    })
    return created
  }

  /** To `count` partitions in all; it can only grow. */
  async createPartitions(topic: string, count: number, signal?: AbortSignal): Promise<void> {
    await this.#retry(signal, async () => {
      const response = await this.#cluster.send(
        await this.#controller(signal),
        CreatePartitions,
        {
          topics: [{ name: topic, count, assignments: null }],
          timeoutMs: this.#cluster.options.requestTimeoutMs,
          validateOnly: false,
        },
        { signal },
      )
      const { errorCode, errorMessage } = response.results[0]!
      refuseMissing(errorCode, topic)
      throwOn(errorCode, `add partitions to topic ${topic}`, errorMessage)
    })
  }

  /** Topics that do not exist are passed over. */
  async deleteTopics(names: readonly string[], signal?: AbortSignal): Promise<void> {
    if (names.length === 0) return
    await this.#retry(signal, async () => {
      const response = await this.#cluster.send(
        await this.#controller(signal),
        DeleteTopics,
        {
          topics: names.map((name) => ({ name, topicId: NIL_UUID })),
          topicNames: names,
          timeoutMs: this.#cluster.options.requestTimeoutMs,
        },
        { signal },
      )
      for (const { name, errorCode, errorMessage } of response.responses) {
        if (errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) throwOn(errorCode, `delete topic ${name}`, errorMessage)
      }
    })
  }

  async listTopics(signal?: AbortSignal): Promise<string[]> {
    const response = await this.#retry(signal, () => this.#cluster.refresh(null, { signal }))
    return response.topics.map(({ name }) => name ?? '').sort()
  }

  /** A topic that does not exist is left out. */
  async describeTopics(names: readonly string[], signal?: AbortSignal): Promise<readonly TopicDescription[]> {
    if (names.length === 0) return []
    return await this.#retry(signal, async () => {
      const response = await this.#cluster.refresh(names, { signal })
      const found: TopicDescription[] = []
      for (const { name, topicId, isInternal, errorCode, partitions } of response.topics) {
        if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) continue
        throwOn(errorCode, `describe topic ${name}`)
        const list = partitions.map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
          partition: partitionIndex,
          leader: leaderId,
          replicas: replicaNodes,
          isr: isrNodes,
        }))
        list.sort((a, b) => a.partition - b.partition)
        found.push({ name: name ?? '', topicId, internal: isInternal, partitions: list })
      }
      return found
    })
  }

  /** Number of partitions, undefined when the topic does not exist. */
  async partitions(topic: string, signal?: AbortSignal): Promise<number | undefined> {
    const [description] = await this.describeTopics([topic], signal)
    return description?.partitions.length
  }

  /** All configs of a topic, defaults included; a sensitive one is null. */
  async describeTopicConfig(topic: string, signal?: AbortSignal): Promise<Readonly<Record<string, string | null>>> {
    return await this.#retry(signal, async () => {
      const response = await this.#cluster.send(
        'any',
        DescribeConfigs,
        { resources: [{ resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: null }] },
        { signal },
      )
      const result = response.results[0]!
      refuseMissing(result.errorCode, topic)
      throwOn(result.errorCode, `describe the configs of topic ${topic}`, result.errorMessage)
      return Object.fromEntries(result.configs.map(({ name, value }) => [name, value]))
    })
  }

  /** null removes the override. */
  async alterTopicConfig(
    topic: string,
    configs: Readonly<Record<string, string | null>>,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#retry(signal, async () => {
      const response = await this.#cluster.send(
        await this.#controller(signal),
        IncrementalAlterConfigs,
        {
          resources: [
            {
              resourceType: TOPIC_RESOURCE,
              resourceName: topic,
              configs: Object.entries(configs).map(([name, value]) => ({
                name,
                configOperation: value === null ? DELETE_CONFIG : SET_CONFIG,
                value,
              })),
            },
          ],
          validateOnly: false,
        },
        { signal },
      )
      const { errorCode, errorMessage } = response.responses[0]!
      refuseMissing(errorCode, topic)
      throwOn(errorCode, `change the configs of topic ${topic}`, errorMessage)
    })
  }

  /** `readCommitted`: `latest` is the last stable offset. */
  async listOffsets(
    partitions: readonly TopicPartition[],
    at: OffsetSpec,
    signal?: AbortSignal,
    readCommitted = false,
  ): Promise<readonly PartitionOffset[]> {
    const asked = partitions.map(({ topic, partition }) => ({ topic, partition, at }))
    return await listOffsets(this.#cluster, asked, { signal, readCommitted })
  }

  async listGroupOffsets(groupId: string, signal?: AbortSignal): Promise<readonly PartitionOffset[]> {
    return await fetchGroupOffsets(this.#cluster, groupId, null, signal)
  }

  /** The group must have no members. */
  async alterGroupOffsets(groupId: string, offsets: readonly PartitionOffset[], signal?: AbortSignal): Promise<void> {
    await commitGroupOffsets(this.#cluster, groupId, offsets, undefined, signal)
  }

  /** The group must not be subscribed to the topics. */
  async deleteGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    signal?: AbortSignal,
  ): Promise<void> {
    await deleteGroupOffsets(this.#cluster, groupId, partitions, signal)
  }

  /** Groups that do not exist are passed over. */
  async deleteGroups(groupIds: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const groupId of groupIds) await deleteGroup(this.#cluster, groupId, signal)
  }

  async describeGroup(groupId: string, signal?: AbortSignal): Promise<GroupDescription> {
    return await describeGroup(this.#cluster, groupId, signal)
  }

  /** Has a dynamic member leave its group; false when the group does not know it (any more). */
  async removeMember(groupId: string, memberId: string, reason: string, signal?: AbortSignal): Promise<boolean> {
    return await removeMember(this.#cluster, { groupId, memberId, reason }, signal)
  }

  /** No producer of these transactional ids that exists now can write or commit any more; transactions they left open are aborted. */
  async fenceProducers(
    transactionalIds: readonly string[],
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    for (const transactionalId of transactionalIds) await fenceProducer(this.#cluster, transactionalId, options)
  }

  async describeCluster(signal?: AbortSignal): Promise<ClusterDescription> {
    const response = await this.#retry(signal, () => this.#cluster.refresh([], { signal }))
    return {
      clusterId: response.clusterId ?? '',
      controllerId: response.controllerId,
      nodes: response.brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port })),
    }
  }

  async #controller(signal: AbortSignal | undefined): Promise<number | 'any'> {
    const { controllerId } = await this.#cluster.refresh([], { signal })
    return controllerId < 0 ? 'any' : controllerId
  }

  #retry<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    return retrying(this.#cluster.options, signal, attempt)
  }
}

/** The protocol calls it retriable, for brokers learn of a topic one after another; here it has been there or it is not. */
function refuseMissing(errorCode: number, topic: string): void {
  if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) throw new NotFoundError(`topic ${topic} does not exist`)
}
