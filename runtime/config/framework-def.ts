import { ConfigError, configDef, parseValue } from '../api/index.ts'
import type { ConfigDef, ConfigKey, ConfigValue, Props } from '../api/index.ts'
import { chainKeys, choiceKeys, converterChoice, versionFault } from './plugin-keys.ts'
import type { KnownPlugins, PluginChoice } from './plugin-keys.ts'
import { commonConnectorDef } from './connector-keys.ts'
import { sinkConnectorDef } from './sink-connector-keys.ts'
import { sinkErrors } from './sink-rules.ts'
import { sourceConnectorDef } from './source-connector-keys.ts'
import type { WorkerConfig } from './worker-config.ts'

export type ConnectorType = 'source' | 'sink'

const ROLES = ['key', 'value', 'header'] as const

export interface FrameworkContext {
  readonly type: ConnectorType
  readonly props: Props
  readonly known: KnownPlugins
  readonly worker: WorkerConfig
}

/**
 * The definitions of the framework for one connector config: versions and converters with what this worker would use, and the keys of its
 * transformations and predicates. For a connector version that is not there they are what all connectors have.
 */
export function frameworkDef(context: FrameworkContext): ConfigDef {
  const { type, props, known } = context
  const missing = missingVersion(context)
  const base: Keys = missing === undefined ? frameworkKeys(type) : commonConnectorDef.keys
  return configDef({
    ...base,
    ...connectorVersionKeys(base, props, known, missing),
    ...(missing === undefined ? enrichedKeys(base, context) : hiddenVersions(base, props)),
  })
}

function missingVersion({ props, known }: FrameworkContext): string | undefined {
  return versionFault('connector', props['connector.class']?.trim() ?? '', props['connector.plugin.version'], known)
}

/** The keys that every connector of a type has. */
export function frameworkKeys(type: ConnectorType): Readonly<Record<string, ConfigKey>> {
  return (type === 'source' ? sourceConnectorDef : sinkConnectorDef).keys
}

type Keys = Readonly<Record<string, ConfigKey>>

function connectorVersionKeys(base: Keys, props: Props, known: KnownPlugins, missing: string | undefined): Keys {
  const versions = known.versions('connector', props['connector.class']?.trim() ?? '')
  const validator = (key: string): void => {
    if (missing !== undefined) throw new ConfigError(key, missing)
  }
  return {
    'connector.class': { ...base['connector.class']!, validator },
    'connector.plugin.version': {
      ...base['connector.plugin.version']!,
      default: versions.at(-1) ?? null,
      validator,
      recommender: { values: () => versions },
    },
  }
}

function enrichedKeys(base: Keys, { props, known, worker }: FrameworkContext): Keys {
  const converters = ROLES.map((role) => {
    const choice = converterChoice(role)
    const { classKey, versionKey, kind } = choice
    const used = worker.common[`${role}.converter`]
    const fallback = known.fullName(kind, used) ?? used
    const keys = { type: { ...base[classKey]!, default: fallback }, version: base[versionKey]! }
    return choiceKeys(choice, keys, fallback, props, known)
  })
  return {
    ...(Object.assign({}, ...converters) as Keys),
    ...chainKeys('transformation', props, listOf(props['transforms']), known),
    ...chainKeys('predicate', props, listOf(props['predicates']), known),
  }
}

function hiddenVersions(base: Keys, props: Props): Keys {
  const hidden = ROLES.map(converterChoice).map(({ classKey, versionKey }) => [
    versionKey,
    { ...base[versionKey]!, recommender: { visible: () => props[classKey] !== undefined } },
  ])
  return Object.fromEntries(hidden) as Keys
}

function listOf(value: string | null | undefined): readonly string[] {
  return parseValue('', 'LIST', value ?? '') as readonly string[]
}

/** Every framework key with its messages, also those that need several keys to be seen. */
export function validateFramework(def: ConfigDef, context: FrameworkContext): readonly ConfigValue[] {
  const { type, props, known, worker } = context
  const errors =
    type === 'sink' && missingVersion(context) === undefined
      ? sinkErrors(props, worker.groupId)
      : new Map<string, string[]>()
  const values = def.validate(props).map((value) => ({
    ...value,
    value: def.keys[value.name]?.type === 'CLASS' ? classShown(value, props, known) : value.value,
    errors: [...value.errors, ...(errors.get(value.name) ?? [])],
  }))
  const shown = new Set(values.map(({ name }) => name))
  // Connect's rule reads the consumer group by its whole key, which so appears without a definition
  const group = 'consumer.override.group.id'
  const asked = type === 'sink' && worker.groupId !== undefined && props[group] !== undefined ? [group] : []
  const others = new Set([...asked, ...errors.keys()].filter((name) => !shown.has(name)))
  return [
    ...values,
    ...[...others].map((name) => ({
      name,
      value: props[name] ?? null,
      recommendedValues: [],
      errors: errors.get(name) ?? [],
      visible: true,
    })),
  ]
}

/** The full name of a class; null when there is none of that name. */
function classShown({ name, value }: ConfigValue, props: Props, known: KnownPlugins): string | null {
  const choice = choiceOf(name)
  if (value === null || choice === undefined || props[name] === undefined) return value
  return known.fullName(choice.kind, value) ?? (known.exists(value) ? value : null)
}

function choiceOf(classKey: string): PluginChoice | undefined {
  const role = ROLES.find((each) => classKey === `${each}.converter`)
  if (role !== undefined) return converterChoice(role)
  const versionKey = classKey.replace(/type$/, 'plugin.version')
  if (/^transforms\..*\.type$/s.test(classKey)) return { kind: 'transformation', classKey, versionKey }
  if (/^predicates\..*\.type$/s.test(classKey)) return { kind: 'predicate', classKey, versionKey }
  return undefined
}
