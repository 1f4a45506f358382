import { configDef, validators } from '../api/index.ts'
import type { ConfigDef } from '../api/index.ts'

const CONVERTER_TYPE = {
  'converter.type': {
    type: 'STRING',
    validator: validators.oneOf('key', 'value', 'header'),
    importance: 'LOW',
    documentation: 'How this converter is used: key, value or header. The runtime sets it.',
  },
} as const

/** The keys of one of Connect's own converters, as they are shown: with the one that the runtime sets. */
export function converterDef(own: ConfigDef = configDef({})): ConfigDef {
  return configDef({ ...CONVERTER_TYPE, ...own.keys })
}
