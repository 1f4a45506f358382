import type { Herder } from './herder/herder.ts'
import type { PluginKind, PluginRegistry } from './plugins/plugin-registry.ts'
import type { Worker } from './worker/worker.ts'

const KINDS: readonly PluginKind[] = ['connector', 'converter', 'header_converter', 'transformation', 'predicate']

/**
 * Takes up changed files of a plugin: its connectors, and those that use one of its other classes, restart with the new code. Answers their names.
 * Throws when the plugin cannot be loaded: then the old code goes on. For development: other workers of a group are not told.
 */
export async function reloadPlugin(
  folder: string,
  { plugins, worker, herder }: { readonly plugins: PluginRegistry; readonly worker: Worker; readonly herder: Herder },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const classes = await plugins.reload(folder)
  worker.pluginsChanged()
  const isOurs = (value: string): boolean =>
    KINDS.some((kind) => classes.has(plugins.fullName(kind, value.trim()) ?? ''))
  const affected = herder.configs.names().filter((name) => Object.values(herder.configs.config(name)).some(isOurs))
  for (const connector of affected)
    await herder.lifecycle.restart({ connector, includeTasks: true, onlyFailed: false }, signal)
  return affected
}
