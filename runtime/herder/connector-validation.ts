import { ConfigError, ConnectError, configDef, configKeyInfo } from '../api/index.ts'
import type { ConfigDef, ConfigInfo, ConfigInfos, ConfigKeyInfo, Props } from '../api/index.ts'
import { overrideErrors } from '../config/client-overrides.ts'
import type { ClientType } from '../config/client-overrides.ts'
import { mergeConfigInfos } from '../config/config-infos.ts'
import type { Validated } from '../config/config-infos.ts'
import { frameworkDef, validateFramework } from '../config/connector-config.ts'
import { sinkConnectorDef, sourceConnectorDef } from '../config/connector-keys.ts'
import { converterValues } from '../config/plugin-keys.ts'
import { hasPlaceholder } from '../config/secrets.ts'
import type { HerderParts } from './parts.ts'

/** Everything that can be said about a connector config before it runs; the rules and the order are Connect's. */
export class ConnectorValidation {
  readonly #parts: Pick<HerderParts, 'config' | 'plugins' | 'secrets' | 'worker'>

  constructor(parts: Pick<HerderParts, 'config' | 'plugins' | 'secrets' | 'worker'>) {
    this.#parts = parts
  }

  /** Throws a ConfigError when there is no class to ask. Values that hide a secret are shown as they were written. */
  async validate(props: Props): Promise<ConfigInfos> {
    const { config, plugins, secrets, worker } = this.#parts
    const resolved = await secrets.resolve(props)
    const className = resolved['connector.class']?.trim()
    if (className === undefined || className === '')
      throw new ConfigError('connector.class', `Connector config ${mapText(props)} contains no connector type`)
    const plugin = plugins.connector(className)
    const framework = frameworkDef(plugin.type, resolved, plugins)
    const parts: Validated[] = [
      { def: framework, values: validateFramework(plugin.type, resolved, framework, config.groupId) },
      { def: plugin.class.configDef(), values: await worker.validate(className, resolved) },
    ]
    for (const role of ['key', 'value', 'header'] as const)
      if (resolved[`${role}.converter`] !== undefined) parts.push(converterValues(role, resolved, plugins))
    parts.push(this.#overrides(plugin.type, resolved))
    return withoutSecretValues(mergeConfigInfos(className, resolved, parts), props, resolved)
  }

  /** The keys of a plugin, for GET /connector-plugins/{plugin}/config. Throws a ConfigError for a name that is none. */
  definition(name: string): readonly ConfigKeyInfo[] {
    const { plugins } = this.#parts
    if (plugins.has('connector', name)) {
      const { type, class: connector } = plugins.connector(name)
      const own: Keys = connector.configDef().keys
      const base: Keys = (type === 'source' ? sourceConnectorDef : sinkConnectorDef).keys
      return Object.entries({ ...own, ...without(base, own) }).map(([key, def]) => configKeyInfo(key, def))
    }
    for (const type of ['converter', 'header_converter', 'transformation', 'predicate'] as const)
      if (plugins.has(type, name))
        return Object.entries(plugins.definition(type, name).keys).map(([key, def]) => configKeyInfo(key, def))
    throw new ConnectError(`Unknown plugin ${name}.`, { code: 'NOT_FOUND' })
  }

  #overrides(type: 'source' | 'sink', props: Props): Validated {
    const dlq = (props['errors.deadletterqueue.topic.name'] ?? '') !== ''
    const types: ClientType[] = []
    if (type === 'source' || dlq) types.push('producer')
    if (type === 'sink' || props['offsets.storage.topic'] !== undefined) types.push('consumer')
    if (dlq || 'topic.creation.default.partitions' in props || props['offsets.storage.topic'] !== undefined)
      types.push('admin')
    const errors = types.flatMap((each) => [...overrideErrors(this.#parts.config, each, props)])
    return {
      def: configDef({}),
      values: errors.map(([name, message]) => ({
        name,
        value: props[name] ?? null,
        recommendedValues: [],
        errors: [message],
        visible: true,
      })),
    }
  }
}

/** Invariant 5: what a placeholder stands for is in no answer, neither as value nor inside a message. */
function withoutSecretValues(infos: ConfigInfos, raw: Props, resolved: Props): ConfigInfos {
  const secret = Object.keys(raw).filter((key) => hasPlaceholder(raw[key] ?? '') && raw[key] !== resolved[key])
  if (secret.length === 0) return infos
  const hide = (text: string): string =>
    secret.reduce((hidden, key) => (resolved[key] === '' ? hidden : hidden.replaceAll(resolved[key]!, raw[key]!)), text)
  const shown = ({ definition, value }: ConfigInfo): ConfigInfo => ({
    definition,
    value: {
      ...value,
      value: secret.includes(value.name) ? raw[value.name]! : value.value,
      errors: value.errors.map(hide),
    },
  })
  return { ...infos, configs: infos.configs.map(shown) }
}

type Keys = ConfigDef['keys']

function without(from: Keys, keys: Keys): Keys {
  return Object.fromEntries(Object.entries(from).filter(([key]) => !(key in keys)))
}

/** As Java writes a map: `{a=1, b=2}`. */
export function mapText(props: Props): string {
  return `{${Object.entries(props)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')}}`
}
