import { ConfigError, isConnectError } from './errors.ts'
import { javaTrim, parseJavaDouble } from './java-parse.ts'
import type { Props } from './props.ts'

export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD'
export type Importance = 'HIGH' | 'MEDIUM' | 'LOW'
export type Width = 'NONE' | 'SHORT' | 'MEDIUM' | 'LONG'

/** Throws ConfigError (ConfigError.invalid) when the parsed value is not allowed. */
export interface Validator {
  (key: string, value: unknown): void
  /** What is allowed, for documentation: `[1,...]`, `[a, b]`. */
  readonly describe?: string
}

export interface Recommender {
  values?(key: string, props: Props): readonly string[]
  visible?(key: string, props: Props): boolean
}

export interface ConfigKey<T extends ConfigType = ConfigType, D = unknown> {
  readonly type: T
  /** Absent: required. `null`: optional without a value. Lists: an array. */
  readonly default?: D
  readonly importance: Importance
  readonly documentation: string
  readonly validator?: Validator
  readonly group?: string
  readonly order?: number
  readonly width?: Width
  readonly displayName?: string
  readonly dependents?: readonly string[]
  readonly recommender?: Recommender
}

interface TypeOf {
  BOOLEAN: boolean
  STRING: string
  INT: number
  SHORT: number
  LONG: number
  DOUBLE: number
  LIST: readonly string[]
  CLASS: string
  PASSWORD: string
}

type ValueOf<K> =
  K extends ConfigKey<infer T, infer D>
    ? K extends { default: null }
      ? TypeOf[T] | null
      : TypeOf[T] | (D & never)
    : never

export type ConfigOf<Def> = Def extends ConfigDef<infer Keys> ? { readonly [N in keyof Keys]: ValueOf<Keys[N]> } : never

/** One key's answer of a validation: mutable only by copy. */
export interface ConfigValue {
  readonly name: string
  /** As given, or the default, in text form. */
  readonly value: string | null
  readonly recommendedValues: readonly string[]
  readonly errors: readonly string[]
  readonly visible: boolean
}

export interface ConfigDef<Keys extends Readonly<Record<string, ConfigKey>> = Readonly<Record<string, ConfigKey>>> {
  readonly keys: Keys
  /** Typed and frozen; throws the first ConfigError. Unknown keys are ignored. */
  parse(props: Props): { readonly [N in keyof Keys]: ValueOf<Keys[N]> }
  /** Every key's value with all its messages; never throws. */
  validate(props: Props): readonly ConfigValue[]
  /** A markdown table of all keys. */
  docs(): string
}

/**
 * One definition, several uses: typed parsing, Connect's validation answers, documentation.
 * Rules and message texts: org.apache.kafka.common.config.ConfigDef.
 */
export function configDef<const Keys extends Readonly<Record<string, ConfigKey>>>(keys: Keys): ConfigDef<Keys> {
  return {
    keys,
    parse(props) {
      const parsed: Record<string, unknown> = {}
      for (const [name, key] of Object.entries(keys)) parsed[name] = parseKey(name, key, props)
      return Object.freeze(parsed) as never
    },
    validate(props) {
      return Object.entries(keys).map(([name, key]) => validateKey(name, key, props))
    },
    docs: () => markdownTable(keys),
  }
}

/** The keys of all definitions in one; a later definition of a key wins and keeps the place of the first. */
export function mergeConfigDefs(...defs: readonly ConfigDef[]): ConfigDef {
  return configDef(Object.assign({}, ...defs.map((def) => def.keys)) as Record<string, ConfigKey>)
}

function markdownTable(keys: Readonly<Record<string, ConfigKey>>): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ')
  const rows = Object.entries(keys).map(([name, key]) => {
    const value = !('default' in key)
      ? 'required'
      : key.default === null
        ? ''
        : `\`${configText(key.default, key.type)}\``
    return `| \`${name}\` | ${key.type} | ${cell(value)} | ${cell(key.validator?.describe ?? '')} | ${cell(key.documentation)} |`
  })
  return ['| key | type | default | allowed | |', '| --- | --- | --- | --- | --- |', ...rows, ''].join('\n')
}

function parseKey(name: string, key: ConfigKey, props: Props): unknown {
  const raw = props[name]
  if (raw === undefined) {
    if (!('default' in key)) throw missing(name)
    return key.default
  }
  const value = parseValue(name, key.type, raw)
  key.validator?.(name, value)
  return value
}

function missing(name: string): ConfigError {
  return new ConfigError(name, `Missing required configuration "${name}" which has no default value.`)
}

function validateKey(name: string, key: ConfigKey, props: Props): ConfigValue {
  const errors: string[] = []
  const raw = props[name]
  let value: unknown = null
  if (raw === null) {
    // A JSON body can hold nulls, whatever Props says; that they are wrong for every key is said by who reads the body.
    errors.push(...validatorMessages(name, key, null))
  } else if (raw === undefined) {
    if ('default' in key) value = key.default
    else {
      errors.push(missing(name).message)
      errors.push(...validatorMessages(name, key, null))
    }
  } else {
    try {
      value = parseValue(name, key.type, raw)
    } catch (error) {
      errors.push((error as Error).message)
    }
    errors.push(...validatorMessages(name, key, value))
  }
  return {
    name,
    value: value === null || value === undefined ? null : shownText(value, key.type, raw),
    recommendedValues: key.recommender?.values?.(name, props) ?? [],
    errors,
    visible: key.recommender?.visible?.(name, props) ?? true,
  }
}

/** Kafka runs the validator on null after a failed parse and on a missing value, so that one mistake can give two messages. */
function validatorMessages(name: string, key: ConfigKey, value: unknown): readonly string[] {
  try {
    key.validator?.(name, value)
    return []
  } catch (error) {
    // A validator that does not expect null has nothing to add to what was reported already.
    return value === null && !isConnectError(error) ? [] : [(error as Error).message]
  }
}

/** A LONG is shown with all its digits, which a number cannot hold. */
function shownText(value: unknown, type: ConfigType, raw: string | undefined): string {
  return type === 'LONG' && raw !== undefined ? String(BigInt(raw.trim())) : configText(value, type)
}

/** A parsed value in the text form that REST answers show. */
export function configText(value: unknown, type: ConfigType): string {
  if (type === 'PASSWORD') return '[hidden]'
  return Array.isArray(value) ? value.join(',') : String(value)
}

const INTEGER_RANGES = { SHORT: 2 ** 15, INT: 2 ** 31, LONG: 2 ** 63 } as const

export function parseValue(name: string, type: ConfigType, raw: string): unknown {
  const text = javaTrim(raw)
  switch (type) {
    case 'STRING':
    case 'CLASS':
    case 'PASSWORD': // of a properties file, where white space at the end of a line belongs to the value
      return text
    case 'LIST':
      return text === '' ? [] : text.split(/\s*,\s*/)
    case 'BOOLEAN':
      if (/^true$/i.test(text)) return true
      if (/^false$/i.test(text)) return false
      throw ConfigError.invalid(name, raw, 'Expected value to be either true or false')
    case 'DOUBLE': {
      const value = parseJavaDouble(text)
      if (value !== undefined) return value
      throw ConfigError.invalid(name, raw, 'Not a number of type DOUBLE')
    }
    case 'SHORT':
    case 'INT':
    case 'LONG': {
      const limit = INTEGER_RANGES[type]
      const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN
      if (value >= -limit && value < limit) return value
      // 2^63-1 rounds to 2^63 as a double; configs use it for "no limit"
      if (type === 'LONG' && text === '9223372036854775807') return value
      throw ConfigError.invalid(name, raw, `Not a number of type ${type}`)
    }
  }
}

function validator(describe: string, check: (key: string, value: unknown) => void): Validator {
  return Object.assign((key: string, value: unknown) => check(key, value), { describe })
}

export const validators = {
  atLeast: (min: number): Validator =>
    validator(`[${min},...]`, (key, value) => {
      if (value === null) throw ConfigError.invalid(key, value, 'Value must be non-null')
      if ((value as number) < min) throw ConfigError.invalid(key, value, `Value must be at least ${min}`)
    }),
  between: (min: number, max: number): Validator =>
    validator(`[${min},...,${max}]`, (key, value) => {
      if (value === null) throw ConfigError.invalid(key, value, 'Value must be non-null')
      if ((value as number) < min) throw ConfigError.invalid(key, value, `Value must be at least ${min}`)
      if ((value as number) > max) throw ConfigError.invalid(key, value, `Value must be no more than ${max}`)
    }),
  oneOf: (...allowed: readonly string[]): Validator =>
    validator(`[${allowed.join(', ')}]`, (key, value) => {
      if (!allowed.includes(value as string))
        throw ConfigError.invalid(key, value, `String must be one of: ${allowed.join(', ')}`)
    }),
  oneOfIgnoreCase: (...allowed: readonly string[]): Validator =>
    validator(`(case insensitive) [${allowed.join(', ')}]`, (key, value) => {
      if (typeof value !== 'string' || !allowed.some((a) => a.toLowerCase() === value.toLowerCase()))
        throw ConfigError.invalid(key, value, `String must be one of (case insensitive): ${allowed.join(', ')}`)
    }),
  /** A list without duplicates that is given, if only empty (`empty: true`). */
  list: ({ empty }: { readonly empty: boolean }): Validator =>
    validator(empty ? 'list without duplicates' : 'non-empty list without duplicates', (key, value) => {
      if (value === null) throw new ConfigError(key, `Configuration '${key}' values must not be null.`)
      const list = value as readonly string[]
      if (list.length === 0 && !empty)
        throw new ConfigError(
          key,
          `Configuration '${key}' must not be empty. Valid values include: any non-empty value`,
        )
      if (new Set(list).size < list.length)
        throw new ConfigError(key, `Configuration '${key}' values must not be duplicated.`)
    }),
  nonNull: validator('non-null', (key, value) => {
    if (value === null) throw ConfigError.invalid(key, value, 'entry must be non null')
  }),
  nonEmpty: validator('non-empty string', (key, value) => {
    if (value === '') throw ConfigError.invalid(key, value, 'String must be non-empty')
  }),
  all: (...of: readonly Validator[]): Validator =>
    validator(of.map((v) => v.describe ?? '').join(' and '), (key, value) => {
      for (const check of of) check(key, value)
    }),
}
