import { ConfigError } from '../../api/errors.ts'
import type { Props } from '../../api/props.ts'
import { parseJaasConfig } from './jaas-config.ts'
import type { JaasEntry } from './jaas-config.ts'
import { oauthBearer, tokenEndpoint, unsecuredToken } from './oauth-bearer.ts'
import type { TokenSource } from './oauth-bearer.ts'
import { plain } from './sasl-mechanism.ts'
import type { SaslMechanism } from './sasl-mechanism.ts'
import { scram } from './scram.ts'
import type { TlsOptions } from './ssl-options.ts'

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']
const UNSECURED = /^unsecuredLogin/

/** Every sasl property that is understood; the rest of the list tunes Java's login threads and has no counterpart here. */
export const SASL_KEYS: readonly string[] = [
  'sasl.mechanism',
  'sasl.jaas.config',
  'sasl.oauthbearer.token.endpoint.url',
  'sasl.oauthbearer.client.credentials.client.id',
  'sasl.oauthbearer.client.credentials.client.secret',
  'sasl.oauthbearer.scope',
  'sasl.client.callback.handler.class',
  'sasl.login.callback.handler.class',
  'sasl.login.class',
  'sasl.login.connect.timeout.ms',
  'sasl.login.read.timeout.ms',
  'sasl.login.refresh.buffer.seconds',
  'sasl.login.refresh.min.period.seconds',
  'sasl.login.refresh.window.factor',
  'sasl.login.refresh.window.jitter',
  'sasl.login.retry.backoff.max.ms',
  'sasl.login.retry.backoff.ms',
  'sasl.kerberos.service.name',
  'sasl.kerberos.kinit.cmd',
  'sasl.kerberos.min.time.before.relogin',
  'sasl.kerberos.ticket.renew.jitter',
  'sasl.kerberos.ticket.renew.window.factor',
]

/** Reads Kafka's `sasl.*` properties. Throws ConfigError, never with a secret in its message. `tls`: for a token endpoint behind https. */
export function saslMechanism(props: Props, tls: TlsOptions): SaslMechanism {
  const mechanism = props['sasl.mechanism']?.trim() ?? 'GSSAPI'
  if (!MECHANISMS.includes(mechanism)) {
    const why = mechanism === 'GSSAPI' ? 'Kerberos is not available; ' : ''
    throw ConfigError.invalid('sasl.mechanism', mechanism, `${why}use one of ${MECHANISMS.join(', ')}`)
  }
  const text = props['sasl.jaas.config']
  const jaas = text === undefined ? undefined : parseJaasConfig(text)
  switch (mechanism) {
    case 'PLAIN':
      return plain(...userOf(jaas, mechanism))
    case 'OAUTHBEARER':
      return oauthBearer(tokenSource(props, jaas, tls), extensionsOf(jaas))
    default: {
      const [username, password] = userOf(jaas, mechanism)
      const tokenAuth = jaas?.options['tokenauth'] === 'true'
      return scram(mechanism === 'SCRAM-SHA-256' ? 256 : 512, { username, password, tokenAuth })
    }
  }
}

function userOf(jaas: JaasEntry | undefined, mechanism: string): [string, string] {
  const { username, password } = jaas?.options ?? {}
  if (username === undefined || password === undefined) {
    const module = mechanism === 'PLAIN' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule'
    throw new ConfigError(
      'sasl.jaas.config',
      `${mechanism} needs user and password: org.apache.kafka.common.security.${module} required username="..." password="...";`,
    )
  }
  return [username, password]
}

function tokenSource(props: Props, jaas: JaasEntry | undefined, tls: TlsOptions): TokenSource {
  const options = jaas?.options ?? {}
  const endpoint = props['sasl.oauthbearer.token.endpoint.url']
  if (endpoint === undefined) {
    if (Object.keys(options).some((name) => UNSECURED.test(name))) return unsecuredToken(options)
    throw new ConfigError(
      'sasl.oauthbearer.token.endpoint.url',
      'OAUTHBEARER needs it, or unsecuredLogin options in sasl.jaas.config for development',
    )
  }
  if (!URL.canParse(endpoint) || !['https:', 'http:', 'file:'].includes(new URL(endpoint).protocol))
    throw ConfigError.invalid('sasl.oauthbearer.token.endpoint.url', endpoint, 'it must be an http(s) or file URL')
  const url = new URL(endpoint)
  const clientId = props['sasl.oauthbearer.client.credentials.client.id'] ?? options['clientId'] ?? ''
  const clientSecret = props['sasl.oauthbearer.client.credentials.client.secret'] ?? options['clientSecret'] ?? ''
  if (url.protocol !== 'file:' && clientId === '')
    throw new ConfigError(
      'sasl.jaas.config',
      'OAUTHBEARER needs clientId="..." and clientSecret="..." for the token endpoint',
    )
  return tokenEndpoint({ url, clientId, clientSecret, scope: props['sasl.oauthbearer.scope'] ?? options['scope'], tls })
}

/** KIP-342. */
function extensionsOf(jaas: JaasEntry | undefined): Readonly<Record<string, string>> {
  const prefix = /^(?:extension_|unsecuredLoginExtension_)/
  return Object.fromEntries(
    Object.entries(jaas?.options ?? {}).flatMap(([name, value]) =>
      prefix.test(name) ? [[name.replace(prefix, ''), value]] : [],
    ),
  )
}
