import { configDef, parseValue, validators } from '../api/index.ts'
import type { ConfigKey, Validator } from '../api/index.ts'
import type { ClientSetting } from './client-settings/client-setting.ts'
import { SECURITY_SETTINGS } from './client-settings/security-settings.ts'
import { SHARED_SETTINGS } from './client-settings/shared-settings.ts'
import { fraction } from './key-rules.ts'

const { atLeast, between, oneOfIgnoreCase } = validators

/** Of workers alone: other clients have other defaults. */
const OWN_SETTINGS: readonly ClientSetting[] = [
  ['receive.buffer.bytes', 'INT', 'MEDIUM', '32768'],
  ['connections.max.idle.ms', 'LONG', 'MEDIUM', '540000'],
]

const VALIDATORS: Readonly<Record<string, Validator>> = {
  'security.protocol': oneOfIgnoreCase('SASL_SSL', 'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT'),
  'metadata.recovery.strategy': oneOfIgnoreCase('REBOOTSTRAP', 'NONE'),
  'metadata.recovery.rebootstrap.trigger.ms': atLeast(0),
  'send.buffer.bytes': atLeast(-1),
  'receive.buffer.bytes': atLeast(-1),
  'reconnect.backoff.ms': atLeast(0),
  'reconnect.backoff.max.ms': atLeast(0),
  'sasl.login.refresh.window.factor': fraction(0.5, 1),
  'sasl.login.refresh.window.jitter': fraction(0, 0.25),
  'sasl.login.refresh.min.period.seconds': between(0, 900),
  'sasl.login.refresh.buffer.seconds': between(0, 3600),
}

/**
 * The settings of a worker's own Kafka clients, as DistributedConfig of Kafka Connect 4.3 checks them. A standalone worker of Java
 * finds the same mistakes a moment later, when it opens its first client. Classes are those of a JVM: they are not looked for.
 */
export const workerClientDef = configDef(
  Object.fromEntries(
    [...SHARED_SETTINGS, ...SECURITY_SETTINGS, ...OWN_SETTINGS].map((setting) => [setting[0], keyOf(setting)]),
  ),
)

function keyOf([name, type, importance, fallback = null]: ClientSetting): ConfigKey {
  const validator = VALIDATORS[name]
  return {
    type,
    importance,
    default: fallback === null ? null : parseValue(name, type, fallback),
    ...(validator === undefined ? {} : { validator }),
    documentation: "A setting of the worker's Kafka clients.",
  }
}
