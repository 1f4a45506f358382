import { ConfigError, ConnectError, didYouMean } from '../api/index.ts'
import type {
  ConfigDef,
  ConfigProvider,
  ConnectorClass,
  ConverterClass,
  HeaderConverterClass,
  Logger,
  Plugin,
  PredicateClass,
  Props,
  RestExtensionClass,
  TransformationClass,
} from '../api/index.ts'
import { builtinPlugins } from './builtin-plugins.ts'
import { classFault } from './class-fault.ts'
import { DeclaredConnector } from './declared-connector.ts'
import { candidateIn, discoverPlugins } from './plugin-discovery.ts'
import type { PluginCandidate } from './plugin-discovery.ts'
import { loadPlugin, reloadPlugin } from './plugin-loader.ts'
import { NamedClasses, simpleName } from './plugin-names.ts'
import type { Versioned } from './plugin-names.ts'
import { VersionRange } from './plugin-version.ts'

export interface ConnectorPlugin extends Versioned<ConnectorClass> {
  readonly type: 'source' | 'sink'
  /** The module to import in another thread; empty for a plugin that was handed in as an object. */
  readonly specifier: string
}

export interface PluginInfo {
  readonly class: string
  readonly type: 'sink' | 'source' | 'converter' | 'header_converter' | 'transformation' | 'predicate'
  readonly version: string
}

export type PluginKind = 'connector' | 'converter' | 'header_converter' | 'transformation' | 'predicate'

/** What messages call a kind of plugin: the interface, and many of them. */
const WORDS: Readonly<Record<PluginKind, readonly [string, string]>> = {
  connector: ['Connector', 'connectors'],
  converter: ['Converter', 'converters'],
  header_converter: ['HeaderConverter', 'header converters'],
  transformation: ['Transformation', 'transformations'],
  predicate: ['Predicate', 'predicates'],
}

/** The plugin classes of this worker, by the names that configs use, in one or more versions. */
export class PluginRegistry {
  readonly #connectors = new NamedClasses<ConnectorPlugin>('source')
  readonly #converters = new NamedClasses<Versioned<ConverterClass>>('converter')
  readonly #headerConverters = new NamedClasses<Versioned<HeaderConverterClass>>('header_converter')
  readonly #transformations = new NamedClasses<Versioned<TransformationClass>>('transformation')
  readonly #predicates = new NamedClasses<Versioned<PredicateClass>>('predicate')
  readonly #configProviders = new NamedClasses<Versioned<new () => ConfigProvider>>('config_provider')
  readonly #restExtensions = new NamedClasses<Versioned<RestExtensionClass>>('rest_extension')
  /** Classes of which no object can be made: listed nowhere, but whoever names one is told why. */
  readonly #broken = new Map<string, ReadonlyMap<string, unknown>>()
  /** Packages that could not be loaded, with the reason. */
  readonly #unloaded: string[] = []
  readonly #logger: Logger

  private constructor(logger: Logger) {
    this.#logger = logger
  }

  /**
   * Finds all plugins and imports those that do not declare what they hold (plugin-discovery.ts). Of two classes with one name and version the first stays: `extra`, built in, dependencies, plugin.path. A
   * plugin that cannot be loaded is logged with the reason and named in the error of whoever looks for a class that is not there.
   */
  static async load(options: {
    readonly pluginPath: readonly string[]
    readonly logger: Logger
    readonly extra?: readonly Plugin[]
    /** Folder of the package whose dependencies are searched; see plugin-discovery.ts. */
    readonly entry?: string
  }): Promise<PluginRegistry> {
    const registry = new PluginRegistry(options.logger)
    for (const plugin of options.extra ?? []) registry.#add(plugin, '', '')
    for (const plugin of builtinPlugins) registry.#add(plugin, '', '')
    const candidates = discoverPlugins(options)
    const loaded = await Promise.all(
      candidates.map(async (candidate) =>
        candidate.connectors === undefined ? await loadPlugin(candidate) : { candidate },
      ),
    )
    for (const result of loaded) {
      if (!('plugin' in result || 'error' in result)) {
        registry.#declare(result.candidate)
        continue
      }
      const { packageName, folder, specifier } = result.candidate
      if ('plugin' in result) registry.#add(result.plugin, specifier, folder)
      else {
        registry.#unloaded.push(`${packageName} (${result.error.message})`)
        options.logger.error(`plugin ${packageName} in ${folder} cannot be loaded: ${result.error.message}`, {
          error: result.error,
        })
      }
    }
    return registry
  }

  /**
   * Reads the plugin of one folder again, after a change of its files, or for the first time. Answers the full names of its classes. Throws when it
   * cannot be loaded: then all stays as it was.
   */
  async reload(folder: string): Promise<ReadonlySet<string>> {
    const candidate = candidateIn(folder, this.#logger)
    if (candidate === undefined) throw new ConnectError(`${folder} holds no package.json with connect.plugin`)
    const loaded = await reloadPlugin(candidate)
    if ('error' in loaded) throw loaded.error
    for (const known of this.#all) known.removeFrom(folder)
    this.#add(loaded.plugin, candidate.specifier, folder)
    const { name: _, version: __, ...classes } = loaded.plugin
    return new Set(Object.values(classes).flatMap((of: object) => Object.keys(of)))
  }

  get #all(): readonly NamedClasses<Versioned<unknown>>[] {
    const converters = [this.#converters, this.#headerConverters]
    const others = [this.#transformations, this.#predicates, this.#configProviders, this.#restExtensions]
    return [this.#connectors, ...converters, ...others]
  }

  /** Throws a ConfigError for `connector.class` when there is none; `version` as in `connector.plugin.version`. */
  connector(className: string, version?: string): ConnectorPlugin {
    return this.#found('connector', className, this.#connectors, version)
  }
  /** The connector that a configuration asks for, in the version it asks for. */
  connectorOf(props: Props): ConnectorPlugin {
    return this.connector(props['connector.class']?.trim() ?? '', props['connector.plugin.version'])
  }
  converter(className: string, version?: string): ConverterClass {
    return this.#found('converter', className, this.#converters, version).class
  }
  headerConverter(className: string, version?: string): HeaderConverterClass {
    return this.#found('header_converter', className, this.#headerConverters, version).class
  }
  transformation(className: string, version?: string): TransformationClass {
    return this.#found('transformation', className, this.#transformations, version).class
  }
  predicate(className: string, version?: string): PredicateClass {
    return this.#found('predicate', className, this.#predicates, version).class
  }
  configProvider(className: string): new () => ConfigProvider {
    const known = this.#configProviders
    return (known.get(className) ?? this.#missing(['ConfigProvider', 'config providers'], className, known)).class
  }
  restExtension(className: string): RestExtensionClass {
    const known = this.#restExtensions
    return (known.get(className) ?? this.#missing(['RestExtension', 'REST extensions'], className, known)).class
  }

  /** Is there a class of this type under this name, full or short? */
  has(kind: PluginKind, className: string): boolean {
    return this.#known(kind).resolve(className) !== undefined
  }

  /** The full name that `className` stands for. */
  fullName(kind: PluginKind, className: string): string | undefined {
    return this.#known(kind).resolve(className)
  }

  /** Is there a class of any type under this name, if only one that cannot be used? */
  exists(className: string): boolean {
    const kinds = Object.keys(WORDS) as PluginKind[]
    const half = `${className}$`
    return (
      this.#broken.has(className) ||
      kinds.some((kind) => this.has(kind, className) || this.names(kind).some((name) => name.startsWith(half)))
    )
  }

  /** Is it the name of a plugin that connectors have nothing to do with: a config provider or a REST extension? */
  servesWorker(className: string): boolean {
    return [this.#configProviders, this.#restExtensions].some((known) => known.resolve(className) !== undefined)
  }

  /** The full names of one type, sorted. */
  names(kind: PluginKind): readonly string[] {
    return this.#known(kind).names()
  }

  /** The versions of a class, oldest first; none when there is no such class. */
  versions(kind: PluginKind, className: string): readonly string[] {
    return this.#known(kind).versions(className)
  }

  /** The version that would be used. Throws ConfigError when there is no such class or version. */
  version(kind: PluginKind, className: string, version?: string): string {
    return this.#found(kind, className, this.#known(kind), version).version
  }

  /** Why `className`, given for the configuration `key`, cannot be used, in Connect's words; undefined when it can. */
  fault(kind: PluginKind, className: string, key: string): string | undefined {
    const known = this.#known(kind)
    if (known.resolve(className) !== undefined) return undefined
    const broken = this.#broken.get(className)?.get(kind)
    if (broken !== undefined) return classFault(known.type, className, broken, key)
    const other = (Object.keys(WORDS) as PluginKind[]).find((each) => this.has(each, className))
    if (other !== undefined)
      return `Class class ${this.fullName(other, className)} does not implement the ${WORDS[kind][0]} interface`
    const halves = known.names().filter((name) => name.startsWith(`${className}$`))
    if (halves.length > 0) return `This class is abstract and cannot be created. Did you mean ${halves.join(', ')}?`
    const near = nearest(className, known)
    const hint = near === undefined ? '' : ` Did you mean ${near}?`
    return `Invalid value ${className} for configuration ${key}: Class ${className} could not be found.${hint}`
  }

  /** The keys of a plugin; undefined when it defines none. */
  definition(kind: PluginKind, className: string, version?: string): ConfigDef | undefined {
    return this.#found(kind, className, this.#known(kind), version).class.configDef() as ConfigDef | undefined
  }

  #known(kind: PluginKind): NamedClasses<Versioned<{ configDef(): ConfigDef }>> {
    switch (kind) {
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
    const connectors = this.#connectors.all()
    const of = (type: PluginInfo['type'], known: readonly Versioned<unknown>[]): PluginInfo[] =>
      known.map(({ className, version }) => ({ class: className, type, version }))
    return [
      ...(['sink', 'source'] as const).flatMap((type) =>
        of(
          type,
          connectors.filter((each) => each.type === type),
        ),
      ),
      ...of('transformation', this.#transformations.all()),
      ...of('predicate', this.#predicates.all()),
      ...of('converter', this.#converters.all()),
      ...of('header_converter', this.#headerConverters.all()),
    ]
  }

  #declare(candidate: PluginCandidate): void {
    for (const className of Object.keys(candidate.connectors ?? {})) {
      const added = this.#connectors.add(new DeclaredConnector(className, candidate))
      this.#warnIfTaken(added, className, candidate.packageName)
    }
  }

  #add(plugin: Plugin, specifier: string, location: string): void {
    for (const [className, of] of Object.entries(plugin.connectors ?? {})) {
      const { type, version } = of
      const added = this.#connectors.add({ className, version, type, class: of, specifier, location })
      this.#warnIfTaken(added, className, plugin.name)
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
        const fault = classFault(known.type, className, of, 'plugin.path')
        if (fault === undefined)
          this.#warnIfTaken(
            known.add({ className, version: plugin.version, class: of, location }),
            className,
            plugin.name,
          )
        else {
          this.#broken.set(className, new Map([...(this.#broken.get(className) ?? []), [known.type, of]]))
          this.#logger.error(`plugin ${plugin.name}: class ${className} cannot be used: ${fault}`)
        }
      }
    }
  }

  #warnIfTaken(added: boolean, className: string, plugin: string): void {
    if (!added) this.#logger.warn(`plugin ${plugin}: there is a class ${className} already, the first one is used`)
  }

  #found<T extends Versioned<unknown>>(
    kind: PluginKind,
    className: string,
    known: NamedClasses<T>,
    version: string | undefined,
  ): T {
    const range = VersionRange.parse('plugin.version', version)
    const found = known.get(className, range)
    if (found !== undefined) return found
    const full = known.resolve(className)
    if (full === undefined) return this.#missing(WORDS[kind], className, known)
    throw new ConfigError(
      'plugin.version',
      `Plugin ${full} not found that matches the version range ${String(range)}, available versions: [${known.versions(full).join(', ')}]`,
    )
  }

  #missing([what, plural]: readonly [string, string], name: string, known: NamedClasses<Versioned<unknown>>): never {
    const near = nearest(name, known)
    const hint = near === undefined ? '' : `. Did you mean ${near}?`
    const unloaded =
      this.#unloaded.length === 0 ? '' : `. Plugins that could not be loaded: ${this.#unloaded.join(', ')}`
    throw new ConfigError(
      what === 'Connector' ? 'connector.class' : what,
      `Failed to find any class that implements ${what} and which name matches ${name}, available ${plural} are: ${known.names().join(', ')}${unloaded}${hint}`,
    )
  }
}

/** By the whole name or, for a wrong package, by the class alone. */
function nearest(name: string, known: NamedClasses<Versioned<unknown>>): string | undefined {
  return (
    didYouMean(name, known.knownNames()) ??
    known.names().find((full) => didYouMean(simpleName(name), [simpleName(full)]) !== undefined)
  )
}
