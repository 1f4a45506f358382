import { realpathSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { isPlugin } from '../api/index.ts'
import type { Plugin } from '../api/index.ts'
import type { PluginCandidate } from './plugin-discovery.ts'

export type LoadedPlugin =
  | { readonly candidate: PluginCandidate; readonly plugin: Plugin }
  | { readonly candidate: PluginCandidate; readonly error: Error }

const API = new URL('../api/index.ts', import.meta.url).href

/** How often the code of a plugin's folder was read again in this thread, by the folder's URL. */
const generations = new Map<string, number>()

/**
 * Imports a plugin whose files have changed: all modules of its folder are read again, those that are in use stay as they are. A thread that
 * starts later reads the files as they are then.
 */
export async function reloadPlugin(candidate: PluginCandidate): Promise<LoadedPlugin> {
  const folder = pathToFileURL(`${realpathSync(candidate.folder)}/`).href
  generations.set(folder, (generations.get(folder) ?? 0) + 1)
  return await loadPlugin(candidate)
}

/** Imports a plugin. One that fails comes back with its error: a broken plugin never ends the worker. */
export async function loadPlugin(candidate: PluginCandidate): Promise<LoadedPlugin> {
  provideApi()
  try {
    const module = (await import(candidate.specifier)) as { default?: unknown }
    if (isPlugin(module.default)) return { candidate, plugin: module.default }
    return { candidate, error: new Error('its default export is not a plugin: export default definePlugin({ ... })') }
  } catch (error) {
    return { candidate, error: error instanceof Error ? error : new Error(String(error)) }
  }
}

let provided = false

/**
 * A plugin in a `plugin.path` folder has no `naru` in its node_modules; it gets the contract of the runtime that loads it. Modules of a folder that
 * was read again have its generation in their URL: else Node would answer with what it knows.
 */
export function provideApi(): void {
  if (provided) return
  provided = true
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'naru/api') {
        const resolved = next(specifier, context)
        const generation = generationOf(resolved.url)
        return generation === undefined ? resolved : { ...resolved, url: `${resolved.url}?generation=${generation}` }
      }
      try {
        return next(specifier, context)
      } catch {
        return { url: API, format: 'module-typescript', shortCircuit: true }
      }
    },
  })
}

function generationOf(url: string): number | undefined {
  if (generations.size === 0 || url.includes('/node_modules/') || url.includes('?')) return undefined
  return [...generations].find(([folder]) => url.startsWith(folder))?.[1]
}
