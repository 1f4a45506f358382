import { ConfigError, configDef } from '../api/index.ts'
import type { ConfigDef, ConfigKey, ConfigValue, Props, Validator } from '../api/index.ts'

export type ChainPlugin = 'transformation' | 'predicate'
export type ConverterPlugin = 'converter' | 'header_converter'

/** What the definitions need to know about the plugins of this worker; PluginRegistry fits. */
export interface KnownPlugins {
  has(type: ChainPlugin | ConverterPlugin, className: string): boolean
  names(type: ChainPlugin | ConverterPlugin): readonly string[]
  suggest(type: ChainPlugin | ConverterPlugin, className: string): string | undefined
  definition(type: ChainPlugin | ConverterPlugin, className: string): ConfigDef
}

export function knownClass(known: KnownPlugins, type: ChainPlugin | ConverterPlugin): Validator {
  return Object.assign(
    (key: string, value: unknown) => {
      if (value === null || known.has(type, value as string)) return
      const near = known.suggest(type, value as string)
      throw ConfigError.invalid(
        key,
        value,
        `Class ${String(value)} could not be found.${near === undefined ? ` Known: ${known.names(type).join(', ')}` : ` Did you mean ${near}?`}`,
      )
    },
    { describe: type.replace('_', ' ') },
  )
}

/** `transforms.a.type`, `.predicate`, `.negate` and the keys of the transformation that was chosen, for every alias. */
export function transformKeys(
  props: Props,
  aliases: readonly string[],
  known: KnownPlugins,
): Record<string, ConfigKey> {
  const keys: Record<string, ConfigKey> = {}
  for (const alias of new Set(aliases)) {
    const prefix = `transforms.${alias}.`
    const group = `Transforms: ${alias}`
    keys[`${prefix}type`] = {
      type: 'CLASS',
      validator: knownClass(known, 'transformation'),
      importance: 'HIGH',
      documentation: `Class for the '${alias}' transformation.`,
      group,
      order: 0,
      width: 'LONG',
      displayName: `Transformation type for ${alias}`,
      recommender: { values: () => known.names('transformation') },
    }
    keys[`${prefix}plugin.version`] = {
      type: 'STRING',
      default: null,
      importance: 'LOW',
      documentation: `Version of the '${alias}' transformation.`,
      group,
      order: 1,
      width: 'MEDIUM',
      displayName: `Transformation version for ${alias}`,
    }
    Object.assign(keys, embedded(prefix, group, 2, props, known, 'transformation'))
    keys[`${prefix}predicate`] = {
      type: 'STRING',
      default: null,
      importance: 'MEDIUM',
      documentation: 'The alias of a predicate that decides whether this transformation applies.',
      group,
      order: 100,
      width: 'LONG',
      displayName: 'Predicate',
    }
    keys[`${prefix}negate`] = {
      type: 'BOOLEAN',
      default: false,
      importance: 'MEDIUM',
      documentation: 'Whether the predicate should be negated.',
      group,
      order: 101,
      width: 'LONG',
      displayName: 'Negate',
      validator: negateNeedsPredicate(prefix, props),
    }
  }
  return keys
}

function negateNeedsPredicate(prefix: string, props: Props): Validator {
  return (key, value) => {
    if (value === null || props[`${prefix}predicate`] !== undefined) return
    throw new ConfigError(
      key,
      `Config '${prefix}negate' was provided but there is no config '${prefix}predicate' defining a predicate to be negated.`,
    )
  }
}

export function predicateKeys(
  props: Props,
  aliases: readonly string[],
  known: KnownPlugins,
): Record<string, ConfigKey> {
  const keys: Record<string, ConfigKey> = {}
  for (const alias of new Set(aliases)) {
    const prefix = `predicates.${alias}.`
    const group = `Predicates: ${alias}`
    keys[`${prefix}type`] = {
      type: 'CLASS',
      validator: knownClass(known, 'predicate'),
      importance: 'HIGH',
      documentation: `Class for the '${alias}' predicate.`,
      group,
      order: 0,
      width: 'LONG',
      displayName: `Predicate type for ${alias}`,
      recommender: { values: () => known.names('predicate') },
    }
    keys[`${prefix}plugin.version`] = {
      type: 'STRING',
      default: null,
      importance: 'LOW',
      documentation: `Version of the '${alias}' predicate.`,
      group,
      order: 1,
      width: 'MEDIUM',
      displayName: `Predicate version for ${alias}`,
    }
    Object.assign(keys, embedded(prefix, group, 2, props, known, 'predicate'))
  }
  return keys
}

function embedded(
  prefix: string,
  group: string,
  firstOrder: number,
  props: Props,
  known: KnownPlugins,
  type: ChainPlugin,
): Record<string, ConfigKey> {
  const className = props[`${prefix}type`]?.trim()
  if (className === undefined || !known.has(type, className)) return {}
  const own = Object.entries(known.definition(type, className).keys)
  return Object.fromEntries(
    own.map(([name, key], index) => [prefix + name, { ...key, group, order: firstOrder + index }]),
  )
}

/**
 * The answers for a converter that the connector itself names: its own keys under `key.converter.` and so on. Messages
 * name the whole key. An unknown class has none: its own key says so.
 */
export function converterValues(
  role: 'key' | 'value' | 'header',
  props: Props,
  known: KnownPlugins,
): { readonly def: ConfigDef; readonly values: readonly ConfigValue[] } {
  const type = role === 'header' ? 'header_converter' : 'converter'
  const prefix = `${role}.converter.`
  const className = props[`${role}.converter`]?.trim()
  const keys = className === undefined || !known.has(type, className) ? {} : known.definition(type, className).keys
  const def = configDef(Object.fromEntries(Object.entries(keys).map(([name, key]) => [prefix + name, key])))
  return { def, values: def.validate(props) }
}
