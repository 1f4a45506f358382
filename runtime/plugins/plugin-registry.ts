import { ConfigError, didYouMean } from '../api/index.ts'
import type {
  ConfigDef,
  ConfigProvider,
  ConnectorClass,
  ConverterClass,
  HeaderConverterClass,
  Logger,
  Plugin,
  PredicateClass,
  RestExtensionClass,
  TransformationClass,
} from '../api/index.ts'
import { builtinPlugins } from './builtin-plugins.ts'
import { discoverPlugins } from './plugin-discovery.ts'
import { loadPlugin } from './plugin-loader.ts'
import { NamedClasses, simpleName } from './plugin-names.ts'

export interface ConnectorPlugin {
  readonly className: string
  readonly version: string
  readonly type: 'source' | 'sink'
  readonly class: ConnectorClass
  /** The module to import in another thread; empty for a plugin that was handed in as an object. */
  readonly specifier: string
}

export interface PluginInfo {
  readonly class: string
  readonly type: 'sink' | 'source' | 'converter' | 'header_converter' | 'transformation' | 'predicate'
  readonly version: string
}

export type PluginKind = 'connector' | 'converter' | 'header_converter' | 'transformation' | 'predicate'

interface Versioned<T> {
  readonly className: string
  readonly version: string
  readonly class: T
}

/** The plugin classes of this worker, by the names that configs use. */
export class PluginRegistry {
  readonly #connectors = new NamedClasses<ConnectorPlugin>('source')
  readonly #converters = new NamedClasses<Versioned<ConverterClass>>('converter')
  readonly #headerConverters = new NamedClasses<Versioned<HeaderConverterClass>>('header_converter')
  readonly #transformations = new NamedClasses<Versioned<TransformationClass>>('transformation')
  readonly #predicates = new NamedClasses<Versioned<PredicateClass>>('predicate')
  readonly #configProviders = new NamedClasses<Versioned<new () => ConfigProvider>>('config_provider')
  readonly #restExtensions = new NamedClasses<Versioned<RestExtensionClass>>('rest_extension')
  readonly #logger: Logger

  private constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Reads and imports all plugins. Of two classes with one name the first stays: `extra`, built in, dependencies, plugin.path. */
  static async load(options: {
    readonly pluginPath: readonly string[]
    readonly logger: Logger
    readonly extra?: readonly Plugin[]
    /** Folder of the package whose dependencies are searched; see plugin-discovery.ts. */
    readonly entry?: string
  }): Promise<PluginRegistry> {
    const registry = new PluginRegistry(options.logger)
    for (const plugin of options.extra ?? []) registry.#add(plugin, '')
    for (const plugin of builtinPlugins) registry.#add(plugin, '')
    const loaded = await Promise.all(discoverPlugins(options).map(loadPlugin))
    for (const result of loaded) {
      if ('plugin' in result) registry.#add(result.plugin, result.candidate.specifier)
      else {
        const { packageName, folder } = result.candidate
        options.logger.error(`plugin ${packageName} in ${folder} cannot be loaded: ${result.error.message}`, {
          error: result.error,
        })
      }
    }
    return registry
  }

  /** Throws a ConfigError for `connector.class` when there is none. */
  connector(className: string): ConnectorPlugin {
    return this.#connectors.get(className) ?? this.#missing('Connector', 'connectors', className, this.#connectors)
  }
  converter(className: string): ConverterClass {
    return (this.#converters.get(className) ?? this.#missing('Converter', 'converters', className, this.#converters))
      .class
  }
  headerConverter(className: string): HeaderConverterClass {
    const known = this.#headerConverters
    return (known.get(className) ?? this.#missing('HeaderConverter', 'header converters', className, known)).class
  }
  transformation(className: string): TransformationClass {
    const known = this.#transformations
    return (known.get(className) ?? this.#missing('Transformation', 'transformations', className, known)).class
  }
  predicate(className: string): PredicateClass {
    return (this.#predicates.get(className) ?? this.#missing('Predicate', 'predicates', className, this.#predicates))
      .class
  }
  configProvider(className: string): new () => ConfigProvider {
    const known = this.#configProviders
    return (known.get(className) ?? this.#missing('ConfigProvider', 'config providers', className, known)).class
  }
  restExtension(className: string): RestExtensionClass {
    const known = this.#restExtensions
    return (known.get(className) ?? this.#missing('RestExtension', 'REST extensions', className, known)).class
  }

  /** Is there a class of this type under this name, full or short? */
  has(type: PluginKind, className: string): boolean {
    return this.#known(type).resolve(className) !== undefined
  }

  /** The full names of one type, sorted. */
  names(type: PluginKind): readonly string[] {
    return this.#known(type).names()
  }

  /** The name that `className` is probably a misspelling of. */
  suggest(type: PluginKind, className: string): string | undefined {
    return nearest(className, this.#known(type))
  }

  definition(type: Exclude<PluginKind, 'connector'>, className: string): ConfigDef {
    switch (type) {
      case 'converter':
        return this.converter(className).configDef()
      case 'header_converter':
        return this.headerConverter(className).configDef()
      case 'transformation':
        return this.transformation(className).configDef()
      case 'predicate':
        return this.predicate(className).configDef()
    }
  }

  #known(type: PluginKind): NamedClasses<unknown> {
    switch (type) {
      case 'connector':
        return this.#connectors
      case 'converter':
        return this.#converters
      case 'header_converter':
        return this.#headerConverters
      case 'transformation':
        return this.#transformations
      case 'predicate':
        return this.#predicates
    }
  }

  /** In the order of GET /connector-plugins: sinks, sources, transformations, predicates, converters, header converters. */
  list(): readonly PluginInfo[] {
    const connectors = this.#connectors.names().map((name) => this.connector(name))
    const of = (type: PluginInfo['type'], known: NamedClasses<Versioned<unknown>>): PluginInfo[] =>
      known.names().map((name) => ({ class: name, type, version: known.get(name)!.version }))
    return [...connectors.filter(({ type }) => type === 'sink'), ...connectors.filter(({ type }) => type === 'source')]
      .map(({ className, type, version }): PluginInfo => ({ class: className, type, version }))
      .concat(
        of('transformation', this.#transformations),
        of('predicate', this.#predicates),
        of('converter', this.#converters),
        of('header_converter', this.#headerConverters),
      )
  }

  #add(plugin: Plugin, specifier: string): void {
    for (const [className, of] of Object.entries(plugin.connectors ?? {})) {
      const { type, version } = of
      this.#warnIfTaken(
        this.#connectors.add(className, { className, version, type, class: of, specifier }),
        className,
        plugin,
      )
    }
    const rest = [
      [this.#converters, plugin.converters],
      [this.#headerConverters, plugin.headerConverters],
      [this.#transformations, plugin.transformations],
      [this.#predicates, plugin.predicates],
      [this.#configProviders, plugin.configProviders],
      [this.#restExtensions, plugin.restExtensions],
    ] as readonly (readonly [NamedClasses<Versioned<unknown>>, Readonly<Record<string, unknown>> | undefined])[]
    for (const [known, classes] of rest) {
      for (const [className, of] of Object.entries(classes ?? {})) {
        this.#warnIfTaken(known.add(className, { className, version: plugin.version, class: of }), className, plugin)
      }
    }
  }

  #warnIfTaken(added: boolean, className: string, plugin: Plugin): void {
    if (!added) this.#logger.warn(`plugin ${plugin.name}: there is a class ${className} already, the first one is used`)
  }

  #missing(what: string, plural: string, name: string, known: NamedClasses<unknown>): never {
    const near = nearest(name, known)
    const hint = near === undefined ? '' : `. Did you mean ${near}?`
    throw new ConfigError(
      what === 'Connector' ? 'connector.class' : what,
      `Failed to find any class that implements ${what} and which name matches ${name}, available ${plural} are: ${known.names().join(', ')}${hint}`,
    )
  }
}

/** By the whole name or, for a wrong package, by the class alone. */
function nearest(name: string, known: NamedClasses<unknown>): string | undefined {
  return (
    didYouMean(name, known.knownNames()) ??
    known.names().find((full) => didYouMean(simpleName(name), [simpleName(full)]) !== undefined)
  )
}
