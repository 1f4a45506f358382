import { compareVersions } from './plugin-version.ts'
import type { VersionRange } from './plugin-version.ts'

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

/** A class of a plugin, in one version. */
export interface Versioned<T> {
  readonly className: string
  readonly version: string
  readonly class: T
  /** Folder it was loaded from; empty for what is built in. */
  readonly location: string
}

/**
 * Classes by full name, simple name and pruned name, each in one or more versions. A short name that fits two classes is dropped, as in
 * Connect.
 */
export class NamedClasses<T extends Versioned<unknown>> {
  readonly type: PluginType
  /** Newest version first. */
  readonly #byName = new Map<string, T[]>()
  readonly #aliases = new Map<string, string | undefined>()

  constructor(type: PluginType) {
    this.type = type
  }

  /** False when there is this version of this class already: the first one stays. */
  add(value: T): boolean {
    const { className, version } = value
    const versions = this.#byName.get(className)
    if (versions !== undefined) {
      if (versions.some((each) => compareVersions(each.version, version) === 0)) return false
      versions.push(value)
      versions.sort((a, b) => compareVersions(b.version, a.version))
      return true
    }
    this.#byName.set(className, [value])
    for (const alias of new Set([simpleName(className), prunedName(className, this.type)])) {
      if (alias !== className) this.#aliases.set(alias, this.#aliases.has(alias) ? undefined : className)
    }
    return true
  }

  /** Forgets what was loaded from this folder. */
  removeFrom(location: string): void {
    for (const [className, versions] of this.#byName) {
      const left = versions.filter((each) => each.location !== location)
      this.#byName.set(className, left)
      if (left.length > 0) continue
      this.#byName.delete(className)
      for (const [alias, of] of this.#aliases) if (of === className) this.#aliases.delete(alias)
    }
  }

  /** The full class name that `name` stands for. */
  resolve(name: string): string | undefined {
    return this.#byName.has(name) ? name : this.#aliases.get(name)
  }

  /** The newest version, or the newest in `range`. */
  get(name: string, range?: VersionRange): T | undefined {
    return this.#all(name).find(({ version }) => range === undefined || range.includes(version))
  }

  /** Oldest first. */
  versions(name: string): readonly string[] {
    return this.#all(name)
      .map(({ version }) => version)
      .reverse()
  }

  names(): readonly string[] {
    return [...this.#byName.keys()].sort()
  }

  /** By name, and of one name the oldest first. */
  all(): readonly T[] {
    return this.names().flatMap((name) => [...this.#all(name)].reverse())
  }

  /** Every name that would resolve. */
  knownNames(): readonly string[] {
    return [...this.#byName.keys(), ...[...this.#aliases].filter(([, to]) => to !== undefined).map(([alias]) => alias)]
  }

  #all(name: string): readonly T[] {
    const className = this.resolve(name)
    return className === undefined ? [] : this.#byName.get(className)!
  }
}
