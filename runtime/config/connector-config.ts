import { ConfigError, parseValue } from '../api/index.ts'
import type { ConfigOf, Props } from '../api/index.ts'
import { extraConnectorDef } from './connector-keys.ts'
import { withPrefix } from './secrets.ts'
import { sinkConnectorDef } from './sink-connector-keys.ts'
import { sinkErrors } from './sink-rules.ts'
import { sourceConnectorDef } from './source-connector-keys.ts'
import type { WorkerConfig } from './worker-config.ts'

/** One predicate of a chain: its class and its own properties, `type` among them as in Connect. */
export interface PredicateSpec {
  readonly alias: string
  readonly type: string
  /** `predicates.<alias>.plugin.version`; undefined: the newest. */
  readonly version: string | undefined
  readonly props: Props
}

export interface TransformSpec {
  readonly alias: string
  readonly type: string
  /** `transforms.<alias>.plugin.version`; undefined: the newest. */
  readonly version: string | undefined
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
      version: props[`${prefix}plugin.version`],
      props: own,
      predicate: predicate === undefined ? undefined : predicateSpec(props, predicate.trim()),
      negate: negate === undefined ? false : (parseValue(`${prefix}negate`, 'BOOLEAN', negate) as boolean),
    }
  })
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : (parseValue('', 'LIST', value) as readonly string[])
}

function predicateSpec(props: Props, alias: string): PredicateSpec {
  const prefix = `predicates.${alias}.`
  return {
    alias,
    type: required(props, `${prefix}type`),
    version: props[`${prefix}plugin.version`],
    props: withPrefix(props, prefix),
  }
}

function required(props: Props, key: string): string {
  const value = props[key]?.trim()
  if (value === undefined || value === '')
    throw new ConfigError(key, `Missing required configuration "${key}" which has no default value.`)
  return value
}

export interface ConverterSpec {
  readonly className: string
  /** undefined: the newest. */
  readonly version: string | undefined
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
    version:
      own === undefined
        ? (worker.common[`${key}.plugin.version`] ?? undefined)
        : connectorProps[`${key}.plugin.version`],
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
