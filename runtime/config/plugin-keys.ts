import { ConfigError, configDef } from '../api/index.ts'
import type { ConfigDef, ConfigKey, ConfigValue, Importance, Props, Validator } from '../api/index.ts'
import { withPrefix } from './secrets.ts'

export type ChainPlugin = 'transformation' | 'predicate'
export type ConverterPlugin = 'converter' | 'header_converter'
export type EmbeddedPlugin = ChainPlugin | ConverterPlugin

/** What the definitions need to know about the plugins of this worker; PluginRegistry fits. */
export interface KnownPlugins {
  /** Full class names, sorted. */
  names(kind: EmbeddedPlugin): readonly string[]
  fullName(kind: EmbeddedPlugin, className: string): string | undefined
  /** Is there a class of this name, of whatever kind, if only one that cannot be used? */
  exists(className: string): boolean
  /** Oldest first. */
  versions(kind: EmbeddedPlugin | 'connector', className: string): readonly string[]
  /** The version that would be used. Throws ConfigError when there is none that fits. */
  version(kind: EmbeddedPlugin | 'connector', className: string, version?: string): string
  /** Why a class that is given for `key` cannot be used. */
  fault(kind: EmbeddedPlugin, className: string, key: string): string | undefined
  definition(kind: EmbeddedPlugin, className: string, version?: string): ConfigDef | undefined
}

/** A plugin that a connector's config names: its class under `classKey` and the wanted version under `versionKey`. */
export interface PluginChoice {
  readonly kind: EmbeddedPlugin
  readonly classKey: string
  readonly versionKey: string
}

/** Why the choice cannot be met; undefined when it can, or when no class is named. */
export function choiceFault(
  { kind, classKey, versionKey }: PluginChoice,
  props: Props,
  known: KnownPlugins,
): string | undefined {
  const className = props[classKey]?.trim()
  return className === undefined
    ? undefined
    : (known.fault(kind, className, classKey) ?? versionFault(kind, className, props[versionKey], known))
}

/** Why there is no such version of a class that there is. */
export function versionFault(
  kind: EmbeddedPlugin | 'connector',
  className: string,
  version: string | undefined,
  known: KnownPlugins,
): string | undefined {
  try {
    known.version(kind, className, version)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const complain =
  (message: () => string | undefined): Validator =>
  (key) => {
    const text = message()
    if (text !== undefined) throw new ConfigError(key, text)
  }

/** The pair of keys that chooses a plugin: its class, of the known ones, and its version, by default the newest. */
export function choiceKeys(
  choice: PluginChoice,
  keys: { readonly type: ConfigKey; readonly version: ConfigKey },
  /** Class that is used when the config names none. */
  fallback: string | null,
  props: Props,
  known: KnownPlugins,
): Record<string, ConfigKey> {
  const { kind, classKey, versionKey } = choice
  const given = props[classKey]?.trim()
  const used = given ?? fallback ?? undefined
  const versions =
    used === undefined || known.fault(kind, used, classKey) !== undefined ? [] : known.versions(kind, used)
  const fault = (): string | undefined => choiceFault(choice, props, known)
  return {
    [classKey]: { ...keys.type, validator: complain(fault), recommender: { values: () => known.names(kind) } },
    [versionKey]: {
      ...keys.version,
      default: versions.at(-1) ?? null,
      validator: complain(() =>
        given === undefined || versions.length === 0 ? undefined : versionFault(kind, given, props[versionKey], known),
      ),
      recommender: {
        values: () => versions,
        visible: () => fallback === null || used === undefined || known.exists(used),
      },
    },
  }
}

const NEGATE = 'negate'
const PREDICATE = 'predicate'

/** What every transformation has beside its own keys. */
const CONDITION_KEYS: Readonly<Record<string, ConfigKey>> = {
  [NEGATE]: {
    type: 'BOOLEAN',
    default: false,
    importance: 'MEDIUM',
    documentation: 'Whether the configured predicate should be negated.',
  },
  [PREDICATE]: {
    type: 'STRING',
    default: null,
    importance: 'MEDIUM',
    documentation: 'The alias of a predicate used to determine whether to apply this transformation.',
  },
}

const CHAINS = {
  transformation: { list: 'transforms', group: 'Transforms', word: 'Transformation', own: CONDITION_KEYS },
  predicate: { list: 'predicates', group: 'Predicates', word: 'Predicate', own: {} },
} as const

/** `transforms.a.type`, its version and the keys of the transformation that was chosen, for every alias; for predicates alike. */
export function chainKeys(
  kind: ChainPlugin,
  props: Props,
  aliases: readonly string[],
  known: KnownPlugins,
): Record<string, ConfigKey> {
  const { list, group, word, own } = CHAINS[kind]
  const keys: Record<string, ConfigKey> = {}
  for (const alias of new Set(aliases)) {
    const prefix = `${list}.${alias}.`
    const choice: PluginChoice = { kind, classKey: `${prefix}type`, versionKey: `${prefix}plugin.version` }
    const shown = { group: `${group}: ${alias}`, importance: 'HIGH', width: 'LONG' } as const
    const pair = choiceKeys(
      choice,
      {
        type: {
          ...shown,
          type: 'CLASS',
          documentation: `Class for the '${alias}' ${word.toLowerCase()}.`,
          order: 0,
          displayName: `${word} type for ${alias}`,
        },
        version: {
          ...shown,
          type: 'STRING',
          documentation: `Version of the '${alias}' ${word.toLowerCase()}, or a range of versions.`,
          order: 1,
          displayName: `${word} version for ${alias}`,
        },
      },
      null,
      props,
      known,
    )
    if (kind === 'transformation') pair[choice.classKey] = negatesSomething(pair[choice.classKey]!, prefix, props)
    Object.assign(keys, pair, embeddedKeys(choice, prefix, own, shown.group, props, known))
  }
  return keys
}

function negatesSomething(type: ConfigKey, prefix: string, props: Props): ConfigKey {
  return {
    ...type,
    validator: (key, value) => {
      type.validator?.(key, value)
      if (props[prefix + NEGATE] === undefined || props[prefix + PREDICATE] !== undefined) return
      throw new ConfigError(
        key,
        `Config '${prefix}negate' was provided but there is no config '${prefix}predicate' defining a predicate to be negated.`,
      )
    },
  }
}

/** The keys of the chosen class with its prefix, in Connect's order: required ones, then by importance and name. */
function embeddedKeys(
  choice: PluginChoice,
  prefix: string,
  more: Readonly<Record<string, ConfigKey>>,
  group: string,
  props: Props,
  known: KnownPlugins,
): Record<string, ConfigKey> {
  const className = props[choice.classKey]?.trim()
  if (className === undefined || choiceFault(choice, props, known) !== undefined) return {}
  const own = known.definition(choice.kind, className, props[choice.versionKey])?.keys ?? {}
  const entries = Object.entries({ ...own, ...more }).sort(byRank)
  return Object.fromEntries(
    entries.map(([name, key], index) => [prefix + name, embedded(name, key, prefix, { group, order: index + 2 })]),
  )
}

/** Messages of its own validator name the key as the plugin knows it. */
function embedded(
  name: string,
  key: ConfigKey,
  prefix: string,
  place: { readonly group?: string; readonly order?: number },
): ConfigKey {
  const { validator, recommender } = key
  return {
    ...key,
    ...place,
    displayName: key.displayName ?? name,
    dependents: (key.dependents ?? []).map((dependent) => prefix + dependent),
    ...(validator === undefined ? {} : { validator: (_: string, value: unknown) => validator(name, value) }),
    ...(recommender === undefined
      ? {}
      : {
          recommender: {
            values: (_: string, all: Props) => recommender.values?.(name, withPrefix(all, prefix)) ?? [],
            visible: (_: string, all: Props) => recommender.visible?.(name, withPrefix(all, prefix)) ?? true,
          },
        }),
  }
}

const IMPORTANCE: readonly Importance[] = ['HIGH', 'MEDIUM', 'LOW']

function byRank([a, left]: readonly [string, ConfigKey], [b, right]: readonly [string, ConfigKey]): number {
  const place = (left.order ?? -1) - (right.order ?? -1)
  if (place !== 0) return place
  const required = Number('default' in left) - Number('default' in right)
  if (required !== 0) return required
  const importance = IMPORTANCE.indexOf(left.importance) - IMPORTANCE.indexOf(right.importance)
  return importance === 0 ? (a < b ? -1 : 1) : importance
}

/**
 * The answers for a converter that the connector itself names: its own keys under `key.converter.` and so on; messages name them as the
 * converter does. A class that cannot be used has none: its own key says so.
 */
export function converterValues(
  role: 'key' | 'value' | 'header',
  props: Props,
  known: KnownPlugins,
): { readonly def: ConfigDef; readonly values: readonly ConfigValue[] } {
  const choice = converterChoice(role)
  const prefix = `${choice.classKey}.`
  const className = props[choice.classKey]?.trim()
  const usable = className !== undefined && choiceFault(choice, props, known) === undefined
  const own = usable ? known.definition(choice.kind, className, props[choice.versionKey]) : undefined
  if (own === undefined) return { def: configDef({}), values: [] }
  const keys = Object.entries(own.keys).map(([name, key]) => [prefix + name, embedded(name, key, prefix, {})] as const)
  const values = own.validate({ 'converter.type': role, ...withPrefix(props, prefix) })
  return {
    def: configDef(Object.fromEntries(keys)),
    values: values.map((value) => ({ ...value, name: prefix + value.name })),
  }
}

export function converterChoice(role: 'key' | 'value' | 'header'): PluginChoice {
  const kind = role === 'header' ? 'header_converter' : 'converter'
  return { kind, classKey: `${role}.converter`, versionKey: `${role}.converter.plugin.version` }
}
