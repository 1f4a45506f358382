import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Logger } from '../api/index.ts'

/**
 * A package that says it is a plugin: its package.json has `"connect": { "plugin": "./index.ts" }`, and may declare the connectors in it:
 * `"connectors": { "com.acme.AcmeSource": { "type": "source", "version": "1.0" } }`. Not loaded yet.
 */
export interface PluginCandidate {
  readonly packageName: string
  readonly folder: string
  /** URL of the module whose default export is the plugin. */
  readonly specifier: string
  /** What the plugin consists of, where its package.json says so: then it is loaded at the first use of one of them, and not at start. */
  readonly connectors?: Readonly<Record<string, ConnectorDeclaration>>
}

export interface ConnectorDeclaration {
  readonly type: 'source' | 'sink'
  readonly version: string
}

interface PackageJson {
  readonly name?: string
  readonly connect?: {
    readonly plugin?: string
    readonly connectors?: Readonly<Record<string, ConnectorDeclaration>>
  }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly workspaces?: readonly string[]
}

/**
 * Where plugins come from, by package.json files only; nothing is imported:
 * the dependencies (or workspaces) of the package that this runtime is installed in, then every sub-folder of each
 * `plugin.path` entry. An entry may also be a plugin's own folder.
 */
export function discoverPlugins(options: {
  readonly pluginPath: readonly string[]
  readonly logger: Logger
  /** Folder of the entry package. Default: the nearest package around the runtime's own. */
  readonly entry?: string
}): readonly PluginCandidate[] {
  const entry = options.entry ?? packageAround(dirname(dirname(import.meta.dirname)))
  const folders = entry === undefined ? [] : dependencyFolders(entry)
  for (const path of options.pluginPath) folders.push(...pluginPathFolders(resolve(path), options.logger))
  const found = new Map<string, PluginCandidate>()
  for (const folder of folders) {
    const candidate = candidateIn(folder, options.logger)
    if (candidate !== undefined && !found.has(candidate.specifier)) found.set(candidate.specifier, candidate)
  }
  return [...found.values()]
}

function packageAround(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (dirname(folder) === folder) return undefined
  }
}

function dependencyFolders(entry: string): string[] {
  const { dependencies, optionalDependencies, workspaces } = readPackage(entry) ?? {}
  const names = Object.keys({ ...dependencies, ...optionalDependencies })
  return [
    ...names.map((name) => join(entry, 'node_modules', name)),
    ...(workspaces ?? []).flatMap((pattern) => workspaceFolders(entry, pattern)),
  ]
}

/** npm's workspace patterns as far as packages use them: a folder, or all folders below one (`connectors/*`). */
function workspaceFolders(entry: string, pattern: string): string[] {
  if (!pattern.endsWith('/*')) return [join(entry, pattern)]
  const parent = join(entry, pattern.slice(0, -2))
  return existsSync(parent) ? subFolders(parent) : []
}

function pluginPathFolders(path: string, logger: Logger): string[] {
  try {
    return existsSync(join(path, 'package.json')) ? [path] : subFolders(path)
  } catch (error) {
    logger.warn(`plugin.path entry ${path} cannot be read; its plugins are not available: ${(error as Error).message}`)
    return []
  }
}

function subFolders(parent: string): string[] {
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => join(parent, entry.name))
    .sort()
}

/** undefined: the folder holds no plugin. */
export function candidateIn(folder: string, logger: Logger): PluginCandidate | undefined {
  try {
    const json = readPackage(folder)
    const plugin = json?.connect?.plugin
    if (plugin === undefined) return undefined
    const { connectors } = json?.connect ?? {}
    if (connectors !== undefined) checkDeclared(connectors)
    return {
      packageName: json?.name ?? folder,
      folder,
      specifier: pathToFileURL(resolve(folder, plugin)).href,
      ...(connectors === undefined ? {} : { connectors }),
    }
  } catch (error) {
    logger.warn(`cannot read ${join(folder, 'package.json')}: ${(error as Error).message}`)
    return undefined
  }
}

function checkDeclared(connectors: Readonly<Record<string, Partial<ConnectorDeclaration> | null>>): void {
  for (const [className, of] of Object.entries(connectors)) {
    if ((of?.type !== 'source' && of?.type !== 'sink') || typeof of.version !== 'string')
      throw new Error(`connect.connectors: ${className} needs a type (source or sink) and a version`)
  }
}

function readPackage(folder: string): PackageJson | undefined {
  const path = join(folder, 'package.json')
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as PackageJson) : undefined
}
