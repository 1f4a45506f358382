import { readFile, readdir, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { ConfigError, ConnectError } from '../api/index.ts'
import type { ConfigProvider, Props } from '../api/index.ts'
import { parseProperties } from './properties.ts'

/** `${file:/path/of.properties:key}` (org.apache.kafka.common.config.provider.FileConfigProvider). */
export class FileConfigProvider implements ConfigProvider {
  #allowed: AllowedPaths = new AllowedPaths(undefined)

  configure(props: Props): void {
    this.#allowed = new AllowedPaths(props['allowed.paths'])
  }

  async get(path: string, keys: readonly string[]): Promise<Readonly<Record<string, string>>> {
    if (path === '' || !(await this.#allowed.includes(path))) return {}
    const props = parseProperties(await readText(path))
    return Object.fromEntries(keys.filter((key) => Object.hasOwn(props, key)).map((key) => [key, props[key]!]))
  }
}

/** `${directory:/path:file-name}`: the value is the file's whole text (DirectoryConfigProvider). */
export class DirectoryConfigProvider implements ConfigProvider {
  #allowed: AllowedPaths = new AllowedPaths(undefined)

  configure(props: Props): void {
    this.#allowed = new AllowedPaths(props['allowed.paths'])
  }

  async get(path: string, keys: readonly string[]): Promise<Readonly<Record<string, string>>> {
    if (path === '' || !(await this.#allowed.includes(path))) return {}
    const files = new Set(await readdir(path))
    const found: Record<string, string> = {}
    for (const key of keys) if (files.has(key)) found[key] = await readText(join(path, key))
    return found
  }
}

/** `${env::NAME}` (EnvVarConfigProvider). */
export class EnvVarConfigProvider implements ConfigProvider {
  #allowed = /^/

  configure(props: Props): void {
    const pattern = props['allowlist.pattern']
    if (pattern === undefined) return
    try {
      this.#allowed = new RegExp(`^(?:${pattern})$`)
    } catch {
      throw ConfigError.invalid('allowlist.pattern', pattern, 'not a valid regular expression')
    }
  }

  async get(path: string, keys: readonly string[]): Promise<Readonly<Record<string, string>>> {
    if (path !== '') throw new ConnectError(`Path is not supported for EnvVarConfigProvider, invalid value '${path}'`)
    const allowed = keys.filter((key) => this.#allowed.test(key) && process.env[key] !== undefined)
    return Object.fromEntries(allowed.map((key) => [key, process.env[key]!]))
  }
}

/** `allowed.paths`: a placeholder can read files below these only. Unset: everywhere. */
class AllowedPaths {
  readonly #roots: readonly string[] | undefined

  constructor(list: string | undefined) {
    this.#roots = list
      ?.split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '')
  }

  /** Symbolic links are followed first: a link out of an allowed folder is not allowed. */
  async includes(path: string): Promise<boolean> {
    if (this.#roots === undefined || this.#roots.length === 0) return true
    const target = await realpathIfThere(path)
    for (const root of this.#roots) {
      const below = relative(await realpathIfThere(root), target)
      if (below === '' || (!below.startsWith('..') && !isAbsolute(below))) return true
    }
    return false
  }
}

async function realpathIfThere(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    return resolve(path)
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ConnectError(`Could not read file ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`, {
      cause: error,
    })
  }
}
