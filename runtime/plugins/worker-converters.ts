import { ConfigError } from '../api/index.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { PluginRegistry } from './plugin-registry.ts'

const CONVERTERS = [
  ['key.converter', 'converter'],
  ['value.converter', 'converter'],
  ['header.converter', 'header_converter'],
] as const

/**
 * Throws a ConfigError when a converter that the worker names for all connectors is none of its plugins: the worker does not start then, as a
 * Java worker does not, rather than each of its connectors failing later.
 */
export function checkConverters({ common }: WorkerConfig, plugins: PluginRegistry): void {
  for (const [key, kind] of CONVERTERS) {
    const fault = plugins.fault(kind, common[key], key)
    if (fault === undefined) continue
    const folders = common['plugin.path'].join(', ')
    const where = folders === '' ? 'plugin.path is empty' : `plugin.path is ${folders}`
    throw new ConfigError(key, `${fault} Correct ${key}, or add the plugin that brings it to plugin.path (${where}).`)
  }
}
