import { registerHooks } from 'node:module'
import { isPlugin } from '../api/index.ts'
import type { Plugin } from '../api/index.ts'
import type { PluginCandidate } from './plugin-discovery.ts'

export type LoadedPlugin =
  | { readonly candidate: PluginCandidate; readonly plugin: Plugin }
  | { readonly candidate: PluginCandidate; readonly error: Error }

const API = new URL('../api/index.ts', import.meta.url).href

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

/** A plugin in a `plugin.path` folder has no `naru` in its node_modules; it gets the contract of the runtime that loads it. */
function provideApi(): void {
  if (provided) return
  provided = true
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'naru/api') return next(specifier, context)
      try {
        return next(specifier, context)
      } catch {
        return { url: API, format: 'module-typescript', shortCircuit: true }
      }
    },
  })
}
