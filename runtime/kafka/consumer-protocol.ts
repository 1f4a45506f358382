import { byTopic } from './by-topic.ts'
import { Reader, Writer } from './protocol/index.ts'
import type { TopicPartition } from './topic-partition.ts'

/**
 * What consumers of a group tell each other inside JoinGroup and SyncGroup (ConsumerProtocol of the Java client). Every version can read a
 * later one: the common fields come first.
 */
const SUBSCRIPTION_VERSION = 2
const ASSIGNMENT_VERSION = 0

export interface SubscriptionData {
  readonly topics: readonly string[]
  /** From version 1 on; before, in what the sticky assignor remembers in the user data. */
  readonly owned: readonly TopicPartition[]
  /** From version 2 on; −1: unknown. */
  readonly generation: number
}

/** `strategy`: the assignor it is for; the sticky ones remember in user data too, as members before version 2 do. */
export function encodeSubscription(data: SubscriptionData, strategy: string): Buffer {
  const writer = new Writer()
  writer.int16(SUBSCRIPTION_VERSION)
  writer.int32(data.topics.length)
  for (const topic of data.topics) writer.string(topic)
  writer.nullableBytes(userData(data, strategy))
  // the eager sticky assignor has given everything back when it joins, and only remembers
  writePartitions(writer, strategy === 'sticky' ? [] : data.owned)
  writer.int32(data.generation)
  return writer.toBuffer()
}

/** Of a member's subscription, of any version. */
export function decodeSubscription(metadata: Buffer, strategy = ''): SubscriptionData {
  const reader = new Reader(metadata)
  const version = reader.int16()
  const topics = Array.from({ length: reader.arrayLength(false) }, () => reader.string())
  const user = metadata.length > reader.offset ? reader.nullableBytes() : null
  let owned = version >= 1 ? readPartitions(reader) : []
  let generation = version >= 2 ? reader.int32() : -1
  if (user !== null && strategy === 'sticky') {
    const remembered = new Reader(user)
    owned = readPartitions(remembered)
    generation = user.length >= remembered.offset + 4 ? remembered.int32() : -1
  } else if (user !== null && strategy === 'cooperative-sticky' && version < 2 && user.length >= 4)
    generation = user.readInt32BE(0)
  return { topics, owned, generation }
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const writer = new Writer()
  writer.int16(ASSIGNMENT_VERSION)
  writePartitions(writer, partitions)
  writer.nullableBytes(null)
  return writer.toBuffer()
}

/** An empty assignment may come as no bytes at all. */
export function decodeAssignment(assignment: Buffer): readonly TopicPartition[] {
  if (assignment.length === 0) return []
  const reader = new Reader(assignment)
  reader.int16()
  return readPartitions(reader)
}

/** CooperativeStickyAssignor: the generation; StickyAssignor: assignment and generation. */
function userData({ owned, generation }: SubscriptionData, strategy: string): Buffer | null {
  if (strategy !== 'sticky' && strategy !== 'cooperative-sticky') return null
  if (strategy === 'sticky' && owned.length === 0) return null
  const writer = new Writer()
  if (strategy === 'sticky') writePartitions(writer, owned)
  writer.int32(generation)
  return writer.toBuffer()
}

function writePartitions(writer: Writer, partitions: readonly TopicPartition[]): void {
  const topics = byTopic(partitions)
  writer.int32(topics.length)
  for (const [topic, list] of topics) {
    writer.string(topic)
    writer.int32(list.length)
    for (const { partition } of list) writer.int32(partition)
  }
}

function readPartitions(reader: Reader): TopicPartition[] {
  const partitions: TopicPartition[] = []
  for (let topics = reader.arrayLength(false); topics > 0; topics--) {
    const topic = reader.string()
    for (let left = reader.arrayLength(false); left > 0; left--) partitions.push({ topic, partition: reader.int32() })
  }
  return partitions
}
