import type { PartitionOffset, TopicPartition } from './topic-partition.ts'

export interface NewTopic {
  readonly name: string
  /** -1 or absent: the broker's default. */
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}
export interface TopicDescription {
  readonly name: string
  readonly topicId: string
  readonly internal: boolean
  readonly partitions: readonly {
    readonly partition: number
    readonly leader: number
    readonly replicas: readonly number[]
    readonly isr: readonly number[]
  }[]
}
export interface GroupDescription {
  readonly groupId: string
  readonly state: string
  readonly protocolType: string
  readonly protocol: string
  readonly members: readonly {
    readonly memberId: string
    readonly clientId: string
    readonly host: string
    readonly metadata: Buffer
    readonly assignment: Buffer
  }[]
}

export class Admin {
  /** Creates what does not exist; answers the names it created. */
  async createTopics(_topics: readonly NewTopic[], _signal?: AbortSignal): Promise<readonly string[]> {
    throw new Error('not connected')
  }
  /** True when created, false when it existed. */
  async createTopic(_topic: NewTopic, _signal?: AbortSignal): Promise<boolean> {
    throw new Error('not connected')
  }
  async deleteTopics(_names: readonly string[], _signal?: AbortSignal): Promise<void> {}
  async listTopics(_signal?: AbortSignal): Promise<string[]> {
    throw new Error('not connected')
  }
  /** A topic that does not exist is left out. */
  async describeTopics(_names: readonly string[], _signal?: AbortSignal): Promise<readonly TopicDescription[]> {
    throw new Error('not connected')
  }
  /** Number of partitions, undefined when the topic does not exist. */
  async partitions(_topic: string, _signal?: AbortSignal): Promise<number | undefined> {
    throw new Error('not connected')
  }
  async describeTopicConfig(_topic: string, _signal?: AbortSignal): Promise<Readonly<Record<string, string | null>>> {
    throw new Error('not connected')
  }
  /** null removes the override. */
  async alterTopicConfig(
    _topic: string,
    _configs: Readonly<Record<string, string | null>>,
    _signal?: AbortSignal,
  ): Promise<void> {}
  async listOffsets(
    _partitions: readonly TopicPartition[],
    _at: 'earliest' | 'latest' | number,
    _signal?: AbortSignal,
  ): Promise<readonly PartitionOffset[]> {
    throw new Error('not connected')
  }
  async listGroupOffsets(_groupId: string, _signal?: AbortSignal): Promise<readonly PartitionOffset[]> {
    throw new Error('not connected')
  }
  async alterGroupOffsets(
    _groupId: string,
    _offsets: readonly PartitionOffset[],
    _signal?: AbortSignal,
  ): Promise<void> {}
  async deleteGroupOffsets(
    _groupId: string,
    _partitions: readonly TopicPartition[],
    _signal?: AbortSignal,
  ): Promise<void> {}
  async deleteGroups(_groupIds: readonly string[], _signal?: AbortSignal): Promise<void> {}
  async describeGroup(_groupId: string, _signal?: AbortSignal): Promise<GroupDescription> {
    throw new Error('not connected')
  }
  async describeCluster(_signal?: AbortSignal): Promise<{
    readonly clusterId: string
    readonly controllerId: number
    readonly nodes: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  }> {
    throw new Error('not connected')
  }
}
