import type { ConfigDef } from './config-def.ts'
import type { ConfigProvider } from './config-provider.ts'
import type { ConnectorClass } from './connector.ts'
import type { Converter, HeaderConverter } from './converter.ts'
import type { RestExtensionClass } from './rest-extension.ts'
import type { PredicateClass, TransformationClass } from './transformation.ts'

export const PLUGIN: unique symbol = Symbol.for('naru.Plugin') as never

export interface ConverterClass {
  new (): Converter
  configDef(): ConfigDef
}
export interface HeaderConverterClass {
  new (): HeaderConverter
  configDef(): ConfigDef
}

/** The default export of a plugin package. Keys are the full class names used in configs. */
export interface PluginDefinition {
  readonly name: string
  readonly version: string
  readonly connectors?: Readonly<Record<string, ConnectorClass>>
  readonly converters?: Readonly<Record<string, ConverterClass>>
  readonly headerConverters?: Readonly<Record<string, HeaderConverterClass>>
  readonly transformations?: Readonly<Record<string, TransformationClass>>
  readonly predicates?: Readonly<Record<string, PredicateClass>>
  readonly configProviders?: Readonly<Record<string, new () => ConfigProvider>>
  readonly restExtensions?: Readonly<Record<string, RestExtensionClass>>
}

export interface Plugin extends PluginDefinition {
  readonly [PLUGIN]: true
}

export function definePlugin(definition: PluginDefinition): Plugin {
  return Object.freeze({ ...definition, [PLUGIN]: true as const })
}

export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && (value as { [PLUGIN]?: true })[PLUGIN] === true
}
