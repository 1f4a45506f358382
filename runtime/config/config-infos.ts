import { configKeyInfo, configValueInfo, didYouMean } from '../api/index.ts'
import type { ConfigDef, ConfigInfo, ConfigInfos, ConfigValue, Props } from '../api/index.ts'

/** One definition and what it said about the properties. */
export interface Validated {
  readonly def: ConfigDef
  readonly values: readonly ConfigValue[]
}

/**
 * The answer of a validation, merged as Connect does: values without a definition come first, then the keys of each definition in turn (a key
 * that an earlier one had is not repeated, its messages are added). Keys that no definition knows and nothing is said about are left out.
 */
export function mergeConfigInfos(name: string, parts: readonly Validated[]): ConfigInfos {
  const infos = new Map<string, ConfigInfo>()
  const groups = new Set<string>()
  for (const { def, values } of parts) {
    for (const value of values) {
      const before = infos.get(value.name)
      const definition = def.keys[value.name]
      const info = definition === undefined ? null : configKeyInfo(value.name, definition)
      if (before === undefined || (before.definition === null && info !== null)) {
        if (info !== null && info.group !== null) groups.add(info.group)
        const merged = { definition: info, value: configValueInfo(value) }
        // a definition comes in its own place, with what was said before it
        infos.delete(value.name)
        infos.set(value.name, before === undefined ? merged : added(merged, before.value.errors))
      } else infos.set(value.name, added(before, value.errors))
    }
  }
  const all = [...infos.values()]
  const configs = [
    ...all.filter(({ definition }) => definition === null),
    ...all.filter(({ definition }) => definition !== null),
  ]
  return {
    name,
    error_count: configs.reduce((sum, { value }) => sum + value.errors.length, 0),
    groups: [...groups],
    configs,
  }
}

function added(info: ConfigInfo, more: readonly string[]): ConfigInfo {
  const errors = more.filter((message) => !info.value.errors.includes(message))
  return errors.length === 0 ? info : { ...info, value: { ...info.value, errors: [...info.value.errors, ...errors] } }
}

/** The messages of a 400 answer when a connector is created with such a configuration; undefined when there are none. */
export function invalidConfigMessage(infos: ConfigInfos): string | undefined {
  if (infos.error_count === 0) return undefined
  // Here nothing else says which key is meant: some messages name it only as the plugin knows it, some not at all.
  const messages = infos.configs.flatMap(({ value: { name, errors } }) =>
    errors.map((message) => (message.includes(name) ? message : `${name}: ${message}`)),
  )
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
