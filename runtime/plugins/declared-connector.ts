import { createRequire, flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { ConnectError, isPlugin } from '../api/index.ts'
import type { ConnectorClass } from '../api/index.ts'
import type { PluginCandidate } from './plugin-discovery.ts'
import { provideApi } from './plugin-loader.ts'
import type { Versioned } from './plugin-names.ts'

const require = createRequire(import.meta.url)

/** What a connector's start runs is compiled by then. */
const FLUSH_MS = 3000

/** A connector that its package.json declares: known by name, type and version from the start; its code is loaded at first use. */
export class DeclaredConnector implements Versioned<ConnectorClass> {
  readonly className: string
  readonly type: 'source' | 'sink'
  readonly version: string
  readonly specifier: string
  readonly location: string
  #class: ConnectorClass | undefined

  constructor(className: string, candidate: PluginCandidate) {
    const { type, version } = candidate.connectors![className]!
    this.className = className
    this.type = type
    this.version = version
    this.specifier = candidate.specifier
    this.location = candidate.folder
  }

  /** Throws when the package cannot be loaded or exports another class than it declares; the next use tries again. */
  get class(): ConnectorClass {
    return (this.#class ??= this.#load())
  }

  #load(): ConnectorClass {
    provideApi()
    const what = `plugin in ${this.location}`
    let plugin: unknown
    try {
      // By `require`, and not `import`: whoever asks for a class need not wait. Modules are the same by both.
      plugin = (require(fileURLToPath(this.specifier)) as { readonly default?: unknown }).default
    } catch (cause) {
      throw new ConnectError(`${what} cannot be loaded: ${(cause as Error).message}`, { cause })
    }
    // As at the start of a thread: one that is ended later would leave nothing for the next.
    setTimeout(() => flushCompileCache(), FLUSH_MS).unref()
    const found = isPlugin(plugin) ? plugin.connectors?.[this.className] : undefined
    if (found?.type === this.type && found.version === this.version) return found
    throw new ConnectError(
      `${what} has no ${this.type} ${this.className} ${this.version}, which its package.json declares`,
    )
  }
}
