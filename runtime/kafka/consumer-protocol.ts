import { Reader, Writer } from './protocol/index.ts'
import type { TopicPartition } from './topic-partition.ts'

/**
 * What consumers of a group tell each other inside JoinGroup and SyncGroup. Version 0, which every later version can read (ConsumerProtocol
 * of the Java client: the common fields come first).
 */
const VERSION = 0

export function encodeSubscription(topics: readonly string[]): Buffer {
  const writer = new Writer()
  writer.int16(VERSION)
  writer.int32(topics.length)
  for (const topic of topics) writer.string(topic)
  writer.nullableBytes(null)
  return writer.toBuffer()
}

/** The topics of a member's subscription, of any version. */
export function decodeSubscription(metadata: Buffer): readonly string[] {
  const reader = new Reader(metadata)
  reader.int16()
  return Array.from({ length: reader.arrayLength(false) }, () => reader.string())
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const topics = Map.groupBy(partitions, ({ topic }) => topic)
  const writer = new Writer()
  writer.int16(VERSION)
  writer.int32(topics.size)
  for (const [topic, list] of topics) {
    writer.string(topic)
    writer.int32(list.length)
    for (const { partition } of list) writer.int32(partition)
  }
  writer.nullableBytes(null)
  return writer.toBuffer()
}

/** An empty assignment may come as no bytes at all. */
export function decodeAssignment(assignment: Buffer): readonly TopicPartition[] {
  if (assignment.length === 0) return []
  const reader = new Reader(assignment)
  reader.int16()
  const partitions: TopicPartition[] = []
  for (let topics = reader.arrayLength(false); topics > 0; topics--) {
    const topic = reader.string()
    for (let left = reader.arrayLength(false); left > 0; left--) partitions.push({ topic, partition: reader.int32() })
  }
  return partitions
}
