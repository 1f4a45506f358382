import { ConfigError, ConnectError, configDef, configKeyInfo } from '../api/index.ts'
import type { ConfigDef, ConfigInfo, ConfigInfos, ConfigKeyInfo, Props } from '../api/index.ts'
import { mergeConfigInfos } from '../config/config-infos.ts'
import type { Validated } from '../config/config-infos.ts'
import { extraConnectorDef } from '../config/connector-config.ts'
import { frameworkDef, frameworkKeys, validateFramework } from '../config/framework-def.ts'
import { overridableClients, overrideValues } from '../config/override-policy.ts'
import { converterValues, versionFault } from '../config/plugin-keys.ts'
import { hasPlaceholder } from '../config/secrets.ts'
import { topicCreationKeys } from '../config/topic-creation-config.ts'
import { exactlyOnceErrors } from './exactly-once-validation.ts'
import type { HerderParts } from './parts.ts'

const DEFINING = 'retrieving the configuration definition from the connector'
const VALIDATING = 'performing multi-property validation for the connector'

type Parts = Pick<HerderParts, 'config' | 'logger' | 'plugins' | 'secrets' | 'stages' | 'worker'>

/** Everything that can be said about a connector config before it runs; the rules and the order are Connect's. */
export class ConnectorValidation {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Throws a ConfigError when there is no class to ask. Values that hide a secret are shown as they were written. */
  async validate(props: Props): Promise<ConfigInfos> {
    const { config, plugins, secrets, stages, worker } = this.#parts
    const resolved = await secrets.resolve(props)
    const className = resolved['connector.class']?.trim()
    if (className === undefined || className === '')
      throw new ConfigError('connector.class', `Connector config ${mapText(props)} contains no connector type`)
    const { type } = plugins.connector(className)
    const context = { type, props: resolved, known: plugins, worker: config }
    const framework = frameworkDef(context)
    const parts: Validated[] = [{ def: framework, values: validateFramework(framework, context) }]
    if (versionFault('connector', className, resolved['connector.plugin.version'], plugins) === undefined) {
      const def = await stages.during(DEFINING, () => worker.definition(className, resolved))
      const values = await stages.during(VALIDATING, () => worker.validate(className, resolved))
      parts.push({ def, values })
    }
    for (const role of ['key', 'value', 'header'] as const) parts.push(converterValues(role, resolved, plugins))
    for (const client of overridableClients(type, resolved, config))
      parts.push(overrideValues(client, resolved, config))
    if (type === 'source')
      parts.push(
        await exactlyOnceErrors({
          worker: config,
          props: resolved,
          ask: (method) => stages.during(VALIDATING, () => worker.exactlyOnce(className, resolved, method)),
          logger: this.#parts.logger,
        }),
      )
    parts.push(wrongOnly(configDef(type === 'source' ? topicCreationKeys(resolved) : {}), resolved))
    parts.push(wrongOnly(given(extraConnectorDef, resolved), resolved), nullValues(resolved))
    return withoutSecretValues(mergeConfigInfos(className, parts), props, resolved)
  }

  /**
   * The keys of a plugin, for GET /connector-plugins/{plugin}/config; `version` as in `connector.plugin.version`. Throws a ConfigError for a
   * version that is not there, a NOT_FOUND error for a name that no plugin has.
   */
  definition(name: string, version?: string): readonly ConfigKeyInfo[] {
    const { plugins } = this.#parts
    if (plugins.has('connector', name)) {
      const { type, class: connector, version: used } = plugins.connector(name, version)
      const own: Keys = connector.configDef().keys
      const base = frameworkKeys(type)
      const shown: Keys = {
        ...base,
        'connector.plugin.version': { ...base['connector.plugin.version']!, default: used },
      }
      return Object.entries({ ...own, ...without(shown, own) }).map(([key, def]) => configKeyInfo(key, def))
    }
    for (const kind of ['converter', 'header_converter', 'transformation', 'predicate'] as const)
      if (plugins.has(kind, name))
        return Object.entries(plugins.definition(kind, name, version)?.keys ?? {}).map(([key, def]) =>
          configKeyInfo(key, def),
        )
    if (plugins.servesWorker(name) || isPolicy(name))
      throw new ConfigError(
        'plugin',
        `Invalid plugin class ${name}. Valid types are sink, source, converter, header_converter, transformation, predicate.`,
      )
    throw new ConnectError(`Unknown plugin ${name}.`, { code: 'NOT_FOUND' })
  }
}

/** The override policies are no plugins of ours, but they have names. */
function isPolicy(name: string): boolean {
  return /^(?:.*\.)?(All|None|Principal|Allowlist)(ConnectorClientConfigOverridePolicy)?$/.test(name)
}

/** Ours: what Connect finds out only when the connector starts is said at once, but nothing is added to the answer when all is well. */
function wrongOnly(def: ConfigDef, props: Props): Validated {
  return { def, values: def.validate(props).filter(({ errors }) => errors.length > 0) }
}

/** The keys of `def` that the config has. */
function given(def: ConfigDef, props: Props): ConfigDef {
  return configDef(Object.fromEntries(Object.entries(def.keys).filter(([key]) => (props[key] ?? null) !== null)))
}

/** JSON bodies can hold nulls; no key may have one, known or not. */
function nullValues(props: Readonly<Record<string, string | null>>): Validated {
  const message = 'Null value can not be supplied as the configuration value.'
  const names = Object.keys(props).filter((key) => props[key] === null)
  return {
    def: configDef({}),
    values: names.map((name) => ({ name, value: null, recommendedValues: [], errors: [message], visible: true })),
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
