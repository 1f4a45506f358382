import { configText } from './config-def.ts'
import type { ConfigKey, ConfigType, ConfigValue, Importance, Width } from './config-def.ts'

/** JSON of GET /connector-plugins/{p}/config. */
export interface ConfigKeyInfo {
  readonly name: string
  readonly type: ConfigType
  readonly required: boolean
  readonly default_value: string | null
  readonly importance: Importance
  readonly documentation: string
  readonly group: string | null
  readonly width: Width
  readonly display_name: string
  readonly dependents: readonly string[]
  readonly order_in_group: number
}

export interface ConfigValueInfo {
  readonly name: string
  readonly value: string | null
  readonly recommended_values: readonly string[]
  readonly errors: readonly string[]
  readonly visible: boolean
}

export interface ConfigInfo {
  /** null: a key that no definition knows. */
  readonly definition: ConfigKeyInfo | null
  readonly value: ConfigValueInfo
}

/** JSON of PUT /connector-plugins/{p}/config/validate. */
export interface ConfigInfos {
  readonly name: string
  readonly error_count: number
  readonly groups: readonly string[]
  readonly configs: readonly ConfigInfo[]
}

export function configKeyInfo(name: string, key: ConfigKey): ConfigKeyInfo {
  const required = !('default' in key)
  return {
    name,
    type: key.type,
    required,
    default_value: required || key.default === null ? null : configText(key.default, key.type),
    importance: key.importance,
    documentation: key.documentation,
    group: key.group ?? null,
    width: key.width ?? 'NONE',
    display_name: key.displayName ?? name,
    dependents: key.dependents ?? [],
    order_in_group: key.order ?? -1,
  }
}

export function configValueInfo({ name, value, recommendedValues, errors, visible }: ConfigValue): ConfigValueInfo {
  return { name, value, recommended_values: recommendedValues, errors, visible }
}
