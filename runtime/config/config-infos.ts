import { configKeyInfo, configValueInfo, didYouMean } from '../api/index.ts'
import type { ConfigDef, ConfigInfo, ConfigInfos, ConfigValue, Props } from '../api/index.ts'

/** One definition and what it said about the properties. */
export interface Validated {
  readonly def: ConfigDef
  readonly values: readonly ConfigValue[]
}

/**
 * The answer of a validation, merged as Connect does: keys that no definition knows come first, then the keys of each definition in turn
 * (a key that an earlier one had is not repeated, its messages are added). Values without a definition that carry messages are kept.
 */
export function mergeConfigInfos(name: string, props: Props, parts: readonly Validated[]): ConfigInfos {
  const infos = new Map<string, ConfigInfo>()
  const groups = new Set<string>()
  for (const { def, values } of parts) {
    const byName = new Map(values.map((value) => [value.name, value]))
    for (const [key, definition] of Object.entries(def.keys)) {
      const value = byName.get(key) ?? blank(key, props)
      byName.delete(key)
      const info = configKeyInfo(key, definition)
      const before = infos.get(key)
      if (before === undefined && info.group !== null) groups.add(info.group)
      infos.set(key, before === undefined ? { definition: info, value: configValueInfo(value) } : added(before, value))
    }
    for (const value of byName.values()) {
      const before = infos.get(value.name)
      infos.set(
        value.name,
        before === undefined ? { definition: null, value: configValueInfo(value) } : added(before, value),
      )
    }
  }
  const unknown = Object.keys(props).filter((key) => !infos.has(key))
  const configs = [
    ...unknown.map((key): ConfigInfo => ({ definition: null, value: configValueInfo(blank(key, props)) })),
    ...infos.values(),
  ]
  return {
    name,
    error_count: configs.reduce((sum, { value }) => sum + value.errors.length, 0),
    groups: [...groups],
    configs,
  }
}

function added(info: ConfigInfo, value: ConfigValue): ConfigInfo {
  const errors = value.errors.filter((message) => !info.value.errors.includes(message))
  return { ...info, value: { ...info.value, errors: [...info.value.errors, ...errors] } }
}

function blank(name: string, props: Props): ConfigValue {
  return { name, value: props[name] ?? null, recommendedValues: [], errors: [], visible: true }
}

/** The messages of a 400 answer when a connector is created with such a configuration; undefined when there are none. */
export function invalidConfigMessage(infos: ConfigInfos): string | undefined {
  if (infos.error_count === 0) return undefined
  const messages = infos.configs.flatMap(({ value }) => value.errors)
  return (
    `Connector configuration is invalid and contains the following ${infos.error_count} error(s):\n${messages.join('\n')}\n` +
    'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`'
  )
}

/** Keys below these belong to Kafka clients, which warn by name themselves. */
const CLIENT_PREFIXES = ['producer.override.', 'consumer.override.', 'admin.override.']

export interface UnknownKeyHint {
  readonly key: string
  /** A defined key that is at most two edits away. */
  readonly suggestion: string
}

/**
 * Keys of a connector config that no definition knows and that look like a misspelling of one that does. They are no errors (Connect ignores
 * unknown keys, plugins may read them): callers warn.
 */
export function unknownKeyHints(props: Props, ...defs: readonly ConfigDef[]): readonly UnknownKeyHint[] {
  const known = new Set(defs.flatMap((def) => Object.keys(def.keys)))
  const hints: UnknownKeyHint[] = []
  for (const key of Object.keys(props)) {
    if (known.has(key) || CLIENT_PREFIXES.some((prefix) => key.startsWith(prefix))) continue
    const suggestion = didYouMean(key, known)
    if (suggestion !== undefined) hints.push({ key, suggestion })
  }
  return hints
}
