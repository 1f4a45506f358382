import { ConfigError, ConnectError } from '../api/errors.ts'
import type { ConfigValue } from '../api/config-def.ts'
import type { ConnectorClass, SinkConnectorClass, SourceConnectorClass } from '../api/connector.ts'
import type { Logger } from '../api/logger.ts'
import type { Plugin } from '../api/plugin.ts'
import type { Props } from '../api/props.ts'

/** The connector of a plugin that `connector.class` names: whole, or by its last part as in configs. */
export function connectorOf(plugin: Plugin, className: string): ConnectorClass {
  const connectors = Object.entries(plugin.connectors ?? {})
  const found = connectors.find(
    ([name]) =>
      name === className ||
      name.slice(name.lastIndexOf('.') + 1).replace(/Connector$/, '') === className.replace(/Connector$/, ''),
  )
  if (found === undefined)
    throw new ConnectError(
      `plugin ${plugin.name} has no connector ${className}; it has ${connectors.map(([name]) => name).join(', ')}`,
    )
  return found[1]
}

export function sourceOf(plugin: Plugin, className: string): SourceConnectorClass {
  const of = connectorOf(plugin, className)
  if (of.type !== 'source') throw new ConnectError(`${className} is a sink connector`)
  return of
}

export function sinkOf(plugin: Plugin, className: string): SinkConnectorClass {
  const of = connectorOf(plugin, className)
  if (of.type !== 'sink') throw new ConnectError(`${className} is a source connector`)
  return of
}

/** All messages of a validation, as REST would show them: `key: message`. */
export async function configErrors(of: ConnectorClass, props: Props): Promise<readonly string[]> {
  const values = of.configDef().validate(props)
  const checked: readonly ConfigValue[] = (await of.validate?.(props, values)) ?? values
  return checked.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`))
}

/** What the runtime would start tasks with. Throws a ConfigError for an invalid config. */
export async function taskConfigs(
  of: ConnectorClass,
  options: { readonly name: string; readonly props: Props; readonly maxTasks: number; readonly logger: Logger },
): Promise<readonly Props[]> {
  const { name, maxTasks, logger } = options
  const props = { ...options.props, name }
  const errors = await configErrors(of, props)
  if (errors.length > 0) throw new ConfigError('config', errors.join('\n'))
  const connector = new of()
  const context = {
    connector: name,
    logger,
    requestTaskReconfiguration: () => undefined,
    raiseError: (error: Error) => logger.error(error.message),
  }
  await connector.start(props, context)
  try {
    return await connector.taskConfigs(maxTasks)
  } finally {
    await connector.stop()
  }
}
