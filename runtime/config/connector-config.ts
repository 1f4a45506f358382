import { ConfigError, configDef, javaFullMatch, parseValue } from '../api/index.ts'
import type { ConfigDef, ConfigKey, ConfigOf, ConfigValue, Props } from '../api/index.ts'
import { extraConnectorDef, sinkConnectorDef, sourceConnectorDef } from './connector-keys.ts'
import { knownClass, predicateKeys, transformKeys } from './plugin-keys.ts'
import type { KnownPlugins } from './plugin-keys.ts'
import { withPrefix } from './secrets.ts'
import { topicCreationKeys } from './topic-creation-config.ts'
import type { WorkerConfig } from './worker-config.ts'

export type ConnectorType = 'source' | 'sink'

/** The definitions of the framework for a connector with these properties: with the keys of its transformations and predicates. */
export function frameworkDef(type: ConnectorType, props: Props, known: KnownPlugins): ConfigDef {
  const base = type === 'source' ? sourceConnectorDef : sinkConnectorDef
  const keys: Record<string, ConfigKey> = {
    ...base.keys,
    'key.converter': { ...base.keys['key.converter'], validator: knownClass(known, 'converter') },
    'value.converter': { ...base.keys['value.converter'], validator: knownClass(known, 'converter') },
    'header.converter': { ...base.keys['header.converter'], validator: knownClass(known, 'header_converter') },
    ...transformKeys(props, listOf(props['transforms']), known),
    ...predicateKeys(props, listOf(props['predicates']), known),
    ...(type === 'source' ? topicCreationKeys(props) : {}),
  }
  return configDef(keys)
}

/** Every framework key with its messages, also those that need several keys to be seen. */
export function validateFramework(
  type: ConnectorType,
  props: Props,
  def: ConfigDef,
  workerGroupId?: string,
): readonly ConfigValue[] {
  const errors = type === 'sink' ? sinkErrors(props, workerGroupId) : new Map<string, string[]>()
  const values = def
    .validate(props)
    .map((value) => ({ ...value, errors: [...value.errors, ...(errors.get(value.name) ?? [])] }))
  const shown = new Set(values.map(({ name }) => name))
  const others = [...errors].filter(([name]) => !shown.has(name))
  return [
    ...values,
    ...others.map(([name, messages]) => ({
      name,
      value: props[name] ?? null,
      recommendedValues: [],
      errors: messages,
      visible: true,
    })),
  ]
}

/** The rules of a sink about its topics and its consumer group; messages are Connect's. */
export function sinkErrors(props: Props, workerGroupId?: string): ReadonlyMap<string, string[]> {
  const errors = new Map<string, string[]>()
  const add = (key: string, message: string): void => void errors.set(key, [...(errors.get(key) ?? []), message])
  const topics = listOf(props['topics'])
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

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : (parseValue('', 'LIST', value) as readonly string[])
}

/** One predicate of a chain: its class and its own properties, `type` among them as in Connect. */
export interface PredicateSpec {
  readonly alias: string
  readonly type: string
  readonly props: Props
}

export interface TransformSpec {
  readonly alias: string
  readonly type: string
  /** Without the prefix, `predicate` and `negate`. */
  readonly props: Props
  readonly predicate: PredicateSpec | undefined
  readonly negate: boolean
}

/** The transformation chain of a connector, in order. Throws ConfigError. */
export function transformSpecs(props: Props): readonly TransformSpec[] {
  return listOf(props['transforms']).map((alias) => {
    const prefix = `transforms.${alias}.`
    const { predicate, negate, ...own } = withPrefix(props, prefix)
    return {
      alias,
      type: required(props, `${prefix}type`),
      props: own,
      predicate: predicate === undefined ? undefined : predicateSpec(props, predicate.trim()),
      negate: negate === undefined ? false : (parseValue(`${prefix}negate`, 'BOOLEAN', negate) as boolean),
    }
  })
}

function predicateSpec(props: Props, alias: string): PredicateSpec {
  const prefix = `predicates.${alias}.`
  return { alias, type: required(props, `${prefix}type`), props: withPrefix(props, prefix) }
}

function required(props: Props, key: string): string {
  const value = props[key]?.trim()
  if (value === undefined || value === '')
    throw new ConfigError(key, `Missing required configuration "${key}" which has no default value.`)
  return value
}

export interface ConverterSpec {
  readonly className: string
  /** Without prefix; `converter.type` is among them. */
  readonly props: Props
}

/** The converter of a connector: its own with its own properties, else the worker's with the worker's. */
export function converterSpec(
  role: 'key' | 'value' | 'header',
  connectorProps: Props,
  worker: WorkerConfig,
): ConverterSpec {
  const key = `${role}.converter` as const
  const own = connectorProps[key]?.trim()
  return {
    className: own ?? worker.common[key],
    props: {
      ...withPrefix(own === undefined ? worker.props : connectorProps, `${key}.`),
      'converter.type': role,
    },
  }
}

export { extraConnectorDef } from './connector-keys.ts'

export type SourceConfig = ConfigOf<typeof sourceConnectorDef>
export type SinkConfig = ConfigOf<typeof sinkConnectorDef>

/** Typed framework keys; throws the first ConfigError. */
export function parseSourceConfig(props: Props): SourceConfig {
  return sourceConnectorDef.parse(props)
}

export function parseSinkConfig(props: Props): SinkConfig {
  const config = sinkConnectorDef.parse(props)
  for (const [key, messages] of sinkErrors(props)) throw new ConfigError(key, messages[0]!)
  return config
}

export type TaskIsolation = 'process' | 'dedicated' | 'shared' | 'inline'

export function taskIsolation(connectorProps: Props, worker: WorkerConfig): TaskIsolation {
  const own = extraConnectorDef.parse(connectorProps)['task.isolation']
  return (own ?? worker.common['task.isolation']) as TaskIsolation
}
