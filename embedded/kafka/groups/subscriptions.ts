import { Reader } from 'naru/protocol'

import type { Group } from './group.ts'

/** Topics that the members of a consumer group subscribe to, as their metadata says; undefined for other groups. */
export function subscribedTopics(group: Group): ReadonlySet<string> | undefined {
  if (group.protocolType !== 'consumer') return undefined
  const topics = new Set<string>()
  for (const member of group.members) for (const topic of topicsOf(group.metadataOf(member))) topics.add(topic)
  return topics
}

/** ConsumerProtocolSubscription: int16 version, array of topic names, and more that does not matter here. */
function topicsOf(metadata: Buffer): readonly string[] {
  if (metadata.length < 6) return []
  const reader = new Reader(metadata, 2)
  return Array.from({ length: reader.arrayLength(false) }, () => reader.string())
}
