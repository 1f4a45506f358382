import type { ConnectionOptions, SecureVersion } from 'node:tls'
import { ConfigError } from '../../api/errors.ts'
import type { Props } from '../../api/props.ts'
import { tls } from '../../async/node-builtins.ts'
import { sslStores } from './ssl-stores.ts'

/** What a TLS connection needs but for the address. Holds secrets: not to be logged. */
export type TlsOptions = Pick<
  ConnectionOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'passphrase'
  | 'minVersion'
  | 'maxVersion'
  | 'ciphers'
  | 'checkServerIdentity'
  | 'rejectUnauthorized'
>

/** Of the Java client, without a counterpart here. */
const IGNORED = [
  'ssl.provider',
  'ssl.keymanager.algorithm',
  'ssl.trustmanager.algorithm',
  'ssl.secure.random.implementation',
]

/** Every ssl property that is understood. */
export const SSL_KEYS: readonly string[] = [
  'ssl.protocol',
  'ssl.enabled.protocols',
  'ssl.cipher.suites',
  'ssl.endpoint.identification.algorithm',
  'ssl.key.password',
  'ssl.keystore.type',
  'ssl.keystore.location',
  'ssl.keystore.password',
  'ssl.keystore.key',
  'ssl.keystore.certificate.chain',
  'ssl.truststore.type',
  'ssl.truststore.location',
  'ssl.truststore.password',
  'ssl.truststore.certificates',
  ...IGNORED,
]

const VERSIONS: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

/**
 * Reads Kafka's `ssl.*` properties and the files they name. Throws ConfigError, never with a secret in its message.
 */
export function sslOptions(props: Props): TlsOptions {
  if (given(props, 'ssl.engine.factory.class') !== undefined)
    throw new ConfigError(
      'ssl.engine.factory.class',
      'ssl.engine.factory.class names a Java class: use ssl.keystore.* and ssl.truststore.*',
    )
  const options: TlsOptions = {
    ...sslStores(props),
    ...versions(props),
    ...(given(props, 'ssl.cipher.suites') === undefined
      ? {}
      : { ciphers: opensslCiphers(props['ssl.cipher.suites']!) }),
    ...(verifiesHost(props) ? {} : { checkServerIdentity: () => undefined }),
  }
  try {
    tls().createSecureContext(options)
  } catch (error) {
    const why = (error as Error).message
    throw new ConfigError(
      'ssl.keystore.location',
      `the TLS key or certificates cannot be used: ${why}; check the passwords too`,
      {
        cause: error,
      },
    )
  }
  return options
}

function verifiesHost(props: Props): boolean {
  const algorithm = props['ssl.endpoint.identification.algorithm']?.trim().toLowerCase() ?? 'https'
  if (algorithm !== 'https' && algorithm !== '')
    throw ConfigError.invalid('ssl.endpoint.identification.algorithm', algorithm, 'https, or empty for no check')
  return algorithm === 'https'
}

function versions(props: Props): TlsOptions {
  const enabled = given(props, 'ssl.enabled.protocols') ?? 'TLSv1.2,TLSv1.3'
  const names = enabled.split(',').map((name) => name.trim())
  const known = VERSIONS.filter((version) => names.includes(version))
  if (known.length === 0)
    throw ConfigError.invalid('ssl.enabled.protocols', enabled, `one or more of ${VERSIONS.join(', ')}`)
  return { minVersion: known[0]!, maxVersion: known.at(-1)! }
}

/** Names of OpenSSL. Java writes TLS_AES_256_GCM_SHA384 (1.3, the same in OpenSSL) and TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (1.2, other names there). */
export function opensslCiphers(suites: string): string {
  return suites
    .split(',')
    .map((suite) => suite.trim())
    .map((suite) =>
      /_WITH_/.test(suite)
        ? suite
            .replace(/^TLS_/, '')
            .replace('_WITH_', '_')
            .replace(/AES_(\d+)_/, 'AES$1_')
            .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305')
            .replace(/^RSA_(?=AES)/, '')
            .replaceAll('_', '-')
        : suite,
    )
    .join(':')
}

function given(props: Props, key: string): string | undefined {
  const value = props[key]
  return value === undefined || value.trim() === '' ? undefined : value
}
