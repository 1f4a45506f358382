import { configDef, parseValue } from '../../api/index.ts'
import type { ConfigDef, ConfigKey } from '../../api/index.ts'
import { ADMIN_SETTINGS } from './admin-settings.ts'
import type { ClientSetting } from './client-setting.ts'
import { CONSUMER_SETTINGS } from './consumer-settings.ts'
import { PRODUCER_SETTINGS } from './producer-settings.ts'
import { SECURITY_SETTINGS } from './security-settings.ts'
import { SHARED_SETTINGS } from './shared-settings.ts'

export type ClientType = 'producer' | 'consumer' | 'admin'

const OWN: Readonly<Record<ClientType, readonly ClientSetting[]>> = {
  producer: PRODUCER_SETTINGS,
  consumer: CONSUMER_SETTINGS,
  admin: ADMIN_SETTINGS,
}

const made = new Map<ClientType, ConfigDef>()

/** All settings of a Kafka client. Their values are checked by type only: the client has the last word. */
export function clientDef(client: ClientType): ConfigDef {
  let def = made.get(client)
  if (def === undefined) {
    const settings = [...OWN[client], ...SHARED_SETTINGS, ...SECURITY_SETTINGS]
    def = configDef(Object.fromEntries(settings.map((setting) => [setting[0], keyOf(client, setting)])))
    made.set(client, def)
  }
  return def
}

function keyOf(client: ClientType, [name, type, importance, fallback]: ClientSetting): ConfigKey {
  return {
    type,
    importance,
    ...(fallback === undefined ? {} : { default: fallback === null ? null : parseValue(name, type, fallback) }),
    documentation: `A setting of the ${client}, see https://kafka.apache.org/documentation/#${client}configs_${name}`,
  }
}
