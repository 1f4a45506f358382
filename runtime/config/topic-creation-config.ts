import { ConfigError, javaFullMatch, parseValue } from '../api/index.ts'
import type { ConfigKey, Props } from '../api/index.ts'
import { rule } from './key-rules.ts'
import { withPrefix } from './secrets.ts'

/** Settings for topics that a source connector's records need (KIP-158). */
export interface TopicCreationGroup {
  readonly name: string
  /** A topic belongs to the group when one of these fits it whole and none of `exclude` does. */
  readonly include: readonly RegExp[]
  readonly exclude: readonly RegExp[]
  /** -1: the broker's default. */
  readonly partitions: number
  readonly replicationFactor: number
  /** Topic configs. */
  readonly configs: Props
}

const PREFIX = 'topic.creation.'
const OWN = new Set(['include', 'exclude', 'partitions', 'replication.factor'])

/** The groups in the order in which they are tried, `default` last; undefined when the connector does not configure topic creation. */
export function topicCreationGroups(props: Props): readonly TopicCreationGroup[] | undefined {
  if (props[`${PREFIX}default.partitions`] === undefined || props[`${PREFIX}default.replication.factor`] === undefined)
    return undefined
  const fallback = groupOf('default', props, undefined)
  return [...groupNames(props).map((name) => groupOf(name, props, fallback)), fallback]
}

function groupNames(props: Props): readonly string[] {
  const list = parseValue('topic.creation.groups', 'LIST', props['topic.creation.groups'] ?? '') as readonly string[]
  return list.filter((name) => name !== 'default')
}

function groupOf(name: string, props: Props, fallback: TopicCreationGroup | undefined): TopicCreationGroup {
  const prefix = `${PREFIX}${name}.`
  const own = withPrefix(props, prefix)
  const number = (key: 'partitions' | 'replication.factor', inherited: number | undefined): number => {
    const raw = own[key]
    if (raw === undefined) return inherited!
    const value = parseValue(prefix + key, key === 'partitions' ? 'INT' : 'SHORT', raw)
    positiveOrDefault(prefix + key, value)
    return value as number
  }
  return {
    name,
    include: regexes(`${prefix}include`, own['include'] ?? (fallback === undefined ? '.*' : '')),
    exclude: regexes(`${prefix}exclude`, own['exclude'] ?? ''),
    partitions: number('partitions', fallback?.partitions),
    replicationFactor: number('replication.factor', fallback?.replicationFactor),
    configs: Object.fromEntries(Object.entries(own).filter(([key]) => !OWN.has(key))),
  }
}

function regexes(key: string, list: string): readonly RegExp[] {
  return (parseValue(key, 'LIST', list) as readonly string[]).map((pattern) => {
    try {
      return javaFullMatch(pattern)
    } catch {
      throw ConfigError.invalid(key, pattern, 'Invalid regex')
    }
  })
}

const positiveOrDefault = rule('-1 or [1,...]', (key, value) => {
  if (value !== null && (value as number) !== -1 && (value as number) < 1)
    throw ConfigError.invalid(key, value, "Value must be -1 for the broker's default, or at least 1")
})

const regexList = rule(
  'valid regexes',
  (key, value) => void regexes(key, ((value ?? []) as readonly string[]).join(',')),
)

/** Definitions of the groups, once the feature is used: for validation answers. */
export function topicCreationKeys(props: Props): Record<string, ConfigKey> {
  // Without settings of the default group Connect does not look at the others.
  if (!Object.keys(props).some((key) => key.startsWith(`${PREFIX}default.`))) return {}
  const groups = groupNames(props)
  const keys: Record<string, ConfigKey> = {}
  for (const name of new Set(['default', ...groups])) {
    const isDefault = name === 'default'
    const prefix = `${PREFIX}${name}.`
    const group = `Topic Creation: ${name}`
    const key = (
      order: number,
      displayName: string,
      rest: Pick<ConfigKey, 'type' | 'documentation' | 'validator' | 'default'>,
    ): ConfigKey => ({
      importance: 'LOW',
      group,
      order,
      width: 'LONG',
      displayName,
      ...rest,
    })
    const inherited = isDefault ? {} : { default: null }
    keys[`${prefix}include`] = key(1, `Inclusion Topic Pattern for ${name}`, {
      type: 'LIST',
      default: isDefault ? ['.*'] : [],
      validator: regexList,
      documentation: 'Regular expressions of the topics of this group.',
    })
    keys[`${prefix}exclude`] = key(2, `Exclusion Topic Pattern for ${name}`, {
      type: 'LIST',
      default: [],
      validator: regexList,
      documentation: 'Regular expressions of topics that are not of this group.',
    })
    keys[`${prefix}replication.factor`] = key(3, `Replication Factor for Topics in ${name}`, {
      type: 'SHORT',
      ...inherited,
      validator: positiveOrDefault,
      documentation: "Replicas of each partition; -1: the broker's default.",
    })
    keys[`${prefix}partitions`] = key(4, `Partition Count for Topics in ${name}`, {
      type: 'INT',
      ...inherited,
      validator: positiveOrDefault,
      documentation: "Partitions of a topic; -1: the broker's default.",
    })
  }
  return keys
}
