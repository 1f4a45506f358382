import type { ConfigType, Importance } from '../../api/index.ts'

/**
 * A setting of the Kafka clients of Apache Kafka 4.3, as validation answers show it for overrides: name, type, importance and, unless it is
 * required, its default in text form (null: none).
 */
export type ClientSetting =
  | readonly [name: string, type: ConfigType, importance: Importance]
  | readonly [name: string, type: ConfigType, importance: Importance, fallback: string | null]
