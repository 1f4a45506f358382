import { APIS, ErrorCode, NIL_UUID } from 'naru/protocol'
import type { RequestOf, ResponseInputOf } from 'naru/protocol'

import type { CommittedOffset } from '../groups/committed-offsets.ts'
import { handler } from './handler.ts'
import type { Call } from './handler.ts'

type Request = RequestOf<typeof APIS.OffsetFetch>
type Response = ResponseInputOf<typeof APIS.OffsetFetch>
type TopicRequest = NonNullable<Request['groups'][number]['topics']>[number]
type GroupTopic = NonNullable<NonNullable<Response['groups']>[number]['topics']>[number]
type TopicAnswer = GroupTopic & { readonly name: string }

/** From this version on one request asks for many groups (KIP-709). */
const MANY_GROUPS_FROM = 8
const TOPIC_IDS_FROM = 10

export const offsetFetch = handler({
  api: APIS.OffsetFetch,

  handle(request, call): Response {
    if (call.version >= MANY_GROUPS_FROM) {
      return {
        groups: request.groups.map(({ groupId, topics }) => group(groupId, topics, request.requireStable, call)),
      }
    }
    const asked = request.topics?.map((topic) => ({ ...topic, topicId: NIL_UUID })) ?? null
    const { topics, errorCode } = group(request.groupId, asked, request.requireStable, call)
    return { topics, errorCode }
  },

  failed(request, errorCode, call): Response {
    if (call.version < MANY_GROUPS_FROM) return { errorCode }
    return { groups: request.groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })) }
  },
})

/** `topics` null: everything the group has. */
function group(
  groupId: string,
  topics: readonly TopicRequest[] | null,
  requireStable: boolean,
  call: Call,
): { readonly groupId: string; readonly topics: readonly TopicAnswer[]; readonly errorCode: number } {
  const answers = topics === null ? everything(groupId, call) : topics.map((topic) => asked(groupId, topic, call))
  return { groupId, topics: requireStable ? stable(groupId, answers, call) : answers, errorCode: ErrorCode.NONE }
}

/** Who reads committed records only must not begin where a transaction may yet move the offset (KIP-447). */
function stable(groupId: string, answers: readonly TopicAnswer[], call: Call): readonly TopicAnswer[] {
  const { offsets } = call.broker.groups
  return answers.map((topic) => {
    const name = topic.name === '' ? (call.broker.topics.byId(topic.topicId ?? NIL_UUID)?.name ?? '') : topic.name
    return {
      ...topic,
      partitions: topic.partitions.map((partition) =>
        offsets.isPending(groupId, name, partition.partitionIndex)
          ? { ...described(partition.partitionIndex, undefined), errorCode: ErrorCode.UNSTABLE_OFFSET_COMMIT }
          : partition,
      ),
    }
  })
}

function everything(groupId: string, call: Call): readonly TopicAnswer[] {
  return [...call.broker.groups.offsets.topics(groupId)].map(([name, partitions]) => ({
    name,
    topicId: call.broker.topics.get(name)?.id ?? NIL_UUID,
    partitions: [...partitions].map(([partition, committed]) => described(partition, committed)),
  }))
}

function asked(groupId: string, { name, topicId, partitionIndexes }: TopicRequest, call: Call): TopicAnswer {
  const { groups, topics } = call.broker
  const known = call.version >= TOPIC_IDS_FROM ? topics.byId(topicId)?.name : name
  return {
    name,
    topicId,
    partitions: partitionIndexes.map((partition) =>
      known === undefined
        ? { ...described(partition, undefined), errorCode: ErrorCode.UNKNOWN_TOPIC_ID }
        : described(partition, groups.offsets.get(groupId, known, partition)),
    ),
  }
}

/** A partition without a committed offset is answered with -1, not with an error. */
function described(partitionIndex: number, committed: CommittedOffset | undefined) {
  return {
    partitionIndex,
    committedOffset: committed?.offset ?? -1,
    committedLeaderEpoch: committed?.leaderEpoch ?? -1,
    metadata: committed?.metadata ?? '',
    errorCode: ErrorCode.NONE,
  }
}
