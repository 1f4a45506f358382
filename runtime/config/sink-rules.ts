import { javaFullMatch, parseValue } from '../api/index.ts'
import type { Props } from '../api/index.ts'

/** The rules of a sink about its topics and its consumer group; messages are Connect's. */
export function sinkErrors(props: Props, workerGroupId?: string): ReadonlyMap<string, string[]> {
  const errors = new Map<string, string[]>()
  const add = (key: string, message: string): void => void errors.set(key, [...(errors.get(key) ?? []), message])
  const topics = topicsOf(props)
  const regex = (props['topics.regex'] ?? '').trim()
  const dlq = (props['errors.deadletterqueue.topic.name'] ?? '').trim()
  const both = topics.length > 0 && regex !== ''
  if (both || (topics.length === 0 && regex === '')) {
    const message = both
      ? 'topics and topics.regex are mutually exclusive options, but both are set.'
      : 'Must configure one of topics or topics.regex'
    add('topics', message)
    add('topics.regex', message)
  }
  if (dlq !== '' && topics.includes(dlq))
    add(
      'topics',
      `The DLQ topic '${dlq}' may not be included in the list of topics ('topics=[${topics.join(', ')}]') consumed by the connector`,
    )
  if (dlq !== '' && regex !== '' && matches(regex, dlq))
    add(
      'topics.regex',
      `The DLQ topic '${dlq}' may not be matched by the regex for the topics ('topics.regex=${regex}') consumed by the connector`,
    )
  addGroupConflict(props, workerGroupId, add)
  return errors
}

function addGroupConflict(
  props: Props,
  workerGroupId: string | undefined,
  add: (key: string, message: string) => void,
): void {
  const override = props['consumer.override.group.id']
  const { name } = props
  if (workerGroupId === undefined) return
  if (override === workerGroupId)
    add('consumer.override.group.id', `Consumer group ${override} conflicts with Connect worker group ${workerGroupId}`)
  else if (override === undefined && `connect-${name ?? ''}` === workerGroupId)
    add(
      'name',
      `Consumer group for sink connector named ${name ?? ''} conflicts with Connect worker group ${workerGroupId}`,
    )
}

/** A regex that is not valid has its own message already. */
function matches(regex: string, topic: string): boolean {
  try {
    return javaFullMatch(regex).test(topic)
  } catch {
    return false
  }
}

/** A body may hold a null; that has a message of its own. */
function topicsOf(props: Props): readonly string[] {
  return parseValue('topics', 'LIST', props['topics'] ?? '') as readonly string[]
}
