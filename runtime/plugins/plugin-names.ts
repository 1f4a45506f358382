/** The word that Connect lets configs leave out of a class name, per plugin type. */
export const SUFFIXES = {
  source: 'Connector',
  sink: 'Connector',
  converter: 'Converter',
  header_converter: 'HeaderConverter',
  transformation: 'Transformation',
  predicate: 'Predicate',
  config_provider: 'ConfigProvider',
  rest_extension: 'RestExtension',
} as const

export type PluginType = keyof typeof SUFFIXES

/** `org.apache.kafka.connect.transforms.Cast$Value` -> `Cast$Value` */
export function simpleName(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1)
}

/** The simple name without the type's suffix: `JsonConverter` -> `Json`. */
export function prunedName(className: string, type: PluginType): string {
  const simple = simpleName(className)
  const suffix = SUFFIXES[type]
  return simple.endsWith(suffix) && simple.length > suffix.length ? simple.slice(0, -suffix.length) : simple
}

/**
 * Classes by full name, simple name and pruned name. A short name that fits two classes is dropped, as in Connect.
 */
export class NamedClasses<T> {
  readonly #type: PluginType
  readonly #byName = new Map<string, T>()
  readonly #aliases = new Map<string, string | undefined>()

  constructor(type: PluginType) {
    this.#type = type
  }

  /** False when the name is taken already: the first one stays. */
  add(className: string, value: T): boolean {
    if (this.#byName.has(className)) return false
    this.#byName.set(className, value)
    for (const alias of new Set([simpleName(className), prunedName(className, this.#type)])) {
      if (alias !== className) this.#aliases.set(alias, this.#aliases.has(alias) ? undefined : className)
    }
    return true
  }

  /** The full class name that `name` stands for. */
  resolve(name: string): string | undefined {
    return this.#byName.has(name) ? name : this.#aliases.get(name)
  }

  get(name: string): T | undefined {
    const className = this.resolve(name)
    return className === undefined ? undefined : this.#byName.get(className)
  }

  names(): readonly string[] {
    return [...this.#byName.keys()].sort()
  }

  /** Every name that would resolve. */
  knownNames(): readonly string[] {
    return [...this.#byName.keys(), ...[...this.#aliases].filter(([, to]) => to !== undefined).map(([alias]) => alias)]
  }
}
