/** Whom a request is about, whatever its API: found by the names that fields have throughout the protocol. */
export interface RequestResources {
  readonly topic: ReadonlySet<string>
  readonly group: ReadonlySet<string>
  readonly transactionalId: ReadonlySet<string>
}

export type ResourceKind = keyof RequestResources

const TRANSACTIONAL_ID_FIELDS: readonly string[] = ['transactionalId', 'v3TransactionalId', 'transactionalIds']
const GROUP_FIELDS: readonly string[] = ['groupId', 'groups', 'groupsNames']
const TOPIC_FIELDS: readonly string[] = ['topic', 'topicNames']
/** Arrays whose elements have the name of a topic as `name`, or are such names. */
const TOPIC_LISTS: readonly string[] = ['topics', 'topicData', 'v3Topics']
/** In FindCoordinator. */
const KEY_KINDS: readonly ResourceKind[] = ['group', 'transactionalId']
/** In the requests about configurations. */
const TOPIC_RESOURCE = 2

/** `nameOf`: the name of a topic by its id. */
export function resourcesOf(request: object, nameOf: (topicId: string) => string | undefined): RequestResources {
  const found = { topic: new Set<string>(), group: new Set<string>(), transactionalId: new Set<string>() }
  const visit = (value: unknown, field: string, fields: Record<string, unknown>): void => {
    if (typeof value === 'string') {
      const kind = kindOf(field, fields)
      const name = field === 'topicId' ? nameOf(value) : value
      if (kind !== undefined && name !== undefined && name !== '') found[kind].add(name)
    } else if (Array.isArray(value)) {
      const isNames = TOPIC_LISTS.includes(field) && typeof value[0] === 'string'
      for (const element of value) visit(element, isNames ? 'topic' : field, fields)
    } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      const own = value as Record<string, unknown>
      const inherited = TOPIC_LISTS.includes(field) ? { ...own, isTopicList: true } : own
      for (const [name, inner] of Object.entries(own)) visit(inner, name, inherited)
    }
  }
  visit(request, '', {})
  return found
}

function kindOf(field: string, fields: Record<string, unknown>): ResourceKind | undefined {
  if (TRANSACTIONAL_ID_FIELDS.includes(field)) return 'transactionalId'
  if (GROUP_FIELDS.includes(field)) return 'group'
  if (TOPIC_FIELDS.includes(field) || field === 'topicId') return 'topic'
  if (field === 'name') return fields['isTopicList'] === true ? 'topic' : undefined
  if (field === 'resourceName') return fields['resourceType'] === TOPIC_RESOURCE ? 'topic' : undefined
  if (field === 'key' || field === 'coordinatorKeys') return KEY_KINDS[Number(fields['keyType'])]
  return undefined
}
