import { ConfigError } from '../api/index.ts'
import type { Validator } from '../api/index.ts'

/** On every transformation that reads fields of structs. */
export const replaceNullKey = {
  'replace.null.with.default': {
    type: 'BOOLEAN',
    default: true,
    importance: 'MEDIUM',
    documentation: 'Whether to replace fields that have a default value and that are null to the default value.',
  },
} as const

/** org.apache.kafka.connect.transforms.util.NonEmptyListValidator */
export const nonEmptyList: Validator = Object.assign(
  (key: string, value: unknown) => {
    if (value === null || (value as readonly string[]).length === 0)
      throw ConfigError.invalid(key, value === null ? null : '[]', 'Empty list')
  },
  { describe: 'non-empty list' },
)
