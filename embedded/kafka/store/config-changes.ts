/** Reading and changing topic properties, as pure functions over what was set. */
import { ErrorCode } from 'naru/protocol'
import { ProtocolError } from '../protocol-error.ts'
import type { BrokerSettings } from './broker-settings.ts'
import { BROKER_CONFIG_KEYS } from './broker-settings.ts'
import { ConfigType, invalidValue, splitList } from './config-key.ts'
import type { ConfigKey } from './config-key.ts'
import { TOPIC_CONFIG_KEYS } from './topic-config.ts'

/** Where a value comes from, as numbered in DescribeConfigs. */
export const ConfigSource = { TOPIC: 1, STATIC_BROKER: 4, DEFAULT: 5 } as const

export interface ConfigSynonym {
  readonly name: string
  readonly value: string
  readonly source: number
}

export interface ConfigEntry extends ConfigSynonym {
  readonly readOnly: boolean
  /** Number of the type in DescribeConfigs v3+. */
  readonly type: number
  readonly doc: string
  /** Where the value would come from, best first. */
  readonly synonyms: readonly ConfigSynonym[]
}

export type ConfigOperation =
  | { readonly kind: 'set'; readonly name: string; readonly value: string }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'append' | 'subtract'; readonly name: string; readonly value: string }

type OwnConfig = Readonly<Record<string, string>>

export function describeTopicConfig(own: OwnConfig, settings: BrokerSettings): readonly ConfigEntry[] {
  return Object.entries(TOPIC_CONFIG_KEYS).map(([name, key]) => {
    const synonyms: ConfigSynonym[] = []
    const set = own[name]
    if (set !== undefined) synonyms.push({ name, value: set, source: ConfigSource.TOPIC })
    if (key.broker !== undefined) synonyms.push(...brokerSynonyms(key.broker, settings))
    const { value, source } = synonyms[0] ?? { value: key.default, source: ConfigSource.DEFAULT }
    return { name, value, source, readOnly: false, type: ConfigType[key.type], doc: key.doc, synonyms }
  })
}

export function describeBrokerConfig(settings: BrokerSettings): readonly ConfigEntry[] {
  return Object.entries(BROKER_CONFIG_KEYS).map(([name, key]) => {
    const synonyms = brokerSynonyms(name, settings)
    const { value, source } = synonyms[0]!
    return { name, value, source, readOnly: true, type: ConfigType[key.type], doc: key.doc, synonyms }
  })
}

/** What a topic is made with or replaced by; refuses unknown names and impossible values with INVALID_CONFIG. */
export function checkedConfig(entries: Iterable<readonly [name: string, value: string | null]>): OwnConfig {
  const checked: [string, string][] = []
  for (const [name, value] of entries) {
    if (value === null) throw invalidConfig(`Null value not supported for topic configs: ${name}`)
    checked.push([name, checkedValue(name, value)])
  }
  return Object.fromEntries(checked)
}

/** The operations of IncrementalAlterConfigs (KIP-339), one after the other. */
export function changedConfig(
  own: OwnConfig,
  operations: readonly ConfigOperation[],
  settings: BrokerSettings,
): OwnConfig {
  const changed = new Map(Object.entries(own))
  for (const operation of operations) {
    const { kind, name } = operation
    const key = topicKey(name)
    switch (kind) {
      case 'set':
        changed.set(name, checkedValue(name, operation.value))
        break
      case 'delete':
        changed.delete(name)
        break
      case 'append':
      case 'subtract': {
        if (key.type !== 'LIST') throw invalidConfig(`Can't ${kind} to key ${name} because its type is not LIST.`)
        const current = splitList(changed.get(name) ?? settings.topicDefault(name))
        const named = splitList(operation.value)
        const others = current.filter((one) => !named.includes(one))
        const added = kind === 'append' ? named.filter((one) => !current.includes(one)) : []
        const list = kind === 'append' ? [...current, ...added] : others
        changed.set(name, checkedValue(name, list.join(',')))
      }
    }
  }
  return Object.fromEntries(changed)
}

function brokerSynonyms(name: string, settings: BrokerSettings): ConfigSynonym[] {
  const builtIn = { name, value: BROKER_CONFIG_KEYS[name]!.default, source: ConfigSource.DEFAULT }
  if (!settings.isGiven(name)) return [builtIn]
  return [{ name, value: settings.text(name), source: ConfigSource.STATIC_BROKER }, builtIn]
}

function checkedValue(name: string, value: string): string {
  const problem = invalidValue(name, topicKey(name), value)
  if (problem !== undefined) throw invalidConfig(problem)
  return value
}

function topicKey(name: string): ConfigKey {
  const key = Object.hasOwn(TOPIC_CONFIG_KEYS, name) ? TOPIC_CONFIG_KEYS[name] : undefined
  if (key === undefined) throw invalidConfig(`Unknown topic config name: ${name}`)
  return key
}

function invalidConfig(message: string): ProtocolError {
  return new ProtocolError(ErrorCode.INVALID_CONFIG, message)
}
