import type { Props } from '../api/index.ts'
import { converterSpec, transformSpecs } from '../config/connector-config.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import type { PluginKind, PluginRegistry } from '../plugins/plugin-registry.ts'
import { metricName } from '../telemetry/metrics.ts'
import type { MetricLabels, MetricSample } from '../telemetry/metrics.ts'

/**
 * Which plugins a task works with, in which versions (KIP-891): the text attributes of `connector-task-metrics`, `connector-transform-metrics` and
 * `connector-predicate-metrics`, each a gauge of 1 with the text as a label of the attribute's name. They hold as long as the task's configuration does.
 */
export function pluginSamples(
  of: { readonly connector: string; readonly task: number; readonly props: Props },
  plugins: PluginRegistry,
  config: WorkerConfig,
): readonly MetricSample[] {
  const labels = { connector: of.connector, task: String(of.task) }
  const samples: MetricSample[] = []
  const tell = (group: string, attribute: string, text: string, more: MetricLabels = {}): void => {
    const label = attribute.replaceAll('-', '_')
    samples.push({ name: metricName(group, attribute), labels: { ...labels, ...more, [label]: text }, value: 1 })
  }
  const pair = (group: string, what: string, plugin: NamedVersion | undefined, more?: MetricLabels): void => {
    if (plugin === undefined) return
    tell(group, `${what}-class`, plugin.className, more)
    tell(group, `${what}-version`, plugin.version, more)
  }
  const connector = found(() => plugins.connectorOf(of.props))
  if (connector !== undefined) {
    pair('connector-task-metrics', 'connector', connector)
    tell('connector-task-metrics', 'connector-type', connector.type)
    pair('connector-task-metrics', 'task', { className: connector.class.task.className, version: connector.version })
  }
  for (const role of ['key', 'value', 'header'] as const) {
    const { className, version } = converterSpec(role, of.props, config)
    const kind = role === 'header' ? 'header_converter' : 'converter'
    pair('connector-task-metrics', `${role}-converter`, named(plugins, kind, className, version))
  }
  for (const { alias, type, version, predicate } of found(() => transformSpecs(of.props)) ?? []) {
    const transform = named(plugins, 'transformation', type, version)
    pair('connector-transform-metrics', 'transform', transform, { transform: alias })
    if (predicate !== undefined) {
      const test = named(plugins, 'predicate', predicate.type, predicate.version)
      pair('connector-predicate-metrics', 'predicate', test, { predicate: predicate.alias })
    }
  }
  return [...new Map(samples.map((sample) => [JSON.stringify([sample.name, sample.labels]), sample])).values()]
}

interface NamedVersion {
  readonly className: string
  readonly version: string
}

function named(
  plugins: PluginRegistry,
  kind: PluginKind,
  className: string,
  version: string | undefined,
): NamedVersion | undefined {
  return found(() => ({
    className: plugins.fullName(kind, className) ?? className,
    version: plugins.version(kind, className, version),
  }))
}

/** What `look` answers; a task or connector with a plugin that is not there fails by itself, and says so. */
export function found<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
