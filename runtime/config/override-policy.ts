import { ConfigError, configDef } from '../api/index.ts'
import type { ConfigDef, ConfigKey, ConfigValue, Props } from '../api/index.ts'
import { clientDef } from './client-settings/client-defs.ts'
import type { ClientType } from './client-settings/client-defs.ts'
import { withPrefix } from './secrets.ts'
import type { WorkerConfig } from './worker-config.ts'

export type { ClientType } from './client-settings/client-defs.ts'

/** The clients that a connector's overrides can reach, so that the policy is asked about them (spec of KIP-458 and KIP-618). */
export function overridableClients(type: 'source' | 'sink', props: Props, worker: WorkerConfig): readonly ClientType[] {
  const deadLetters = (props['errors.deadletterqueue.topic.name'] ?? '') !== ''
  const ownOffsets =
    type === 'source' && (props['offsets.storage.topic'] !== undefined || worker.exactlyOnce === 'enabled')
  const createsTopics = Object.keys(props).some((key) => key.startsWith('topic.creation.default.'))
  const clients: ClientType[] = []
  if (type === 'source' || deadLetters) clients.push('producer')
  if (type === 'sink' || ownOffsets) clients.push('consumer')
  if (deadLetters || ownOffsets || (type === 'source' && createsTopics)) clients.push('admin')
  return clients
}

/** The answers for `<client>.override.*` keys: settings as the client defines them, with what the worker's policy refuses. */
export function overrideValues(
  client: ClientType,
  props: Props,
  worker: WorkerConfig,
): { readonly def: ConfigDef; readonly values: readonly ConfigValue[] } {
  const prefix = `${client}.override.`
  const refused = overrideErrors(worker, client, props)
  const given = withPrefix(props, prefix)
  const known: Readonly<Record<string, ConfigKey>> = clientDef(client).keys
  const own = Object.keys(given).filter((name) => Object.hasOwn(known, name))
  const def = configDef(Object.fromEntries(own.map((name) => [name, known[name]!])))
  const values = new Map(def.validate(given).map((value) => [value.name, value]))
  return {
    def: configDef(Object.fromEntries(own.map((name) => [prefix + name, { ...known[name]!, displayName: name }]))),
    values: Object.keys(given).flatMap((name) => {
      const value = values.get(name)
      const error = refused.get(prefix + name)
      if (value === undefined && error === undefined) return []
      return [
        {
          name: prefix + name,
          value: value === undefined ? given[name]! : value.value,
          recommendedValues: [],
          errors: [...(value?.errors ?? []), ...(error === undefined ? [] : [error])],
          visible: true,
        },
      ]
    }),
  }
}

const PRINCIPAL_KEYS = ['sasl.jaas.config', 'sasl.mechanism', 'security.protocol']

/** Messages per `<type>.override.*` key that the worker's policy refuses; attached to the whole key. */
export function overrideErrors(
  worker: WorkerConfig,
  type: ClientType,
  connectorProps: Props,
): ReadonlyMap<string, string> {
  const policy = worker.common['connector.client.config.override.policy']
  const allowed = allowedBy(policy, worker.common['connector.client.config.override.allowlist'])
  const errors = new Map<string, string>()
  for (const key of Object.keys(withPrefix(connectorProps, `${type}.override.`))) {
    if (!allowed(key))
      errors.set(
        `${type}.override.${key}`,
        `The '${policy}' policy does not allow '${key}' to be overridden in the connector configuration.`,
      )
  }
  return errors
}

function allowedBy(policy: string, allowlist: readonly string[]): (key: string) => boolean {
  const simple = policy.slice(policy.lastIndexOf('.') + 1).replace(/ConnectorClientConfigOverridePolicy$/, '')
  switch (simple) {
    case 'All':
      return () => true
    case 'None':
      return () => false
    case 'Principal':
      return (key) => PRINCIPAL_KEYS.includes(key)
    case 'Allowlist':
      return (key) => allowlist.includes(key)
    default:
      throw ConfigError.invalid(
        'connector.client.config.override.policy',
        policy,
        'one of All, None, Principal, Allowlist is expected',
      )
  }
}
