import type { SecureContextOptions, SecureVersion } from 'node:tls'
import type { Props } from '../api/props.ts'
import { opensslCiphers } from '../kafka/security/ssl-options.ts'
import { sslStores } from '../kafka/security/ssl-stores.ts'

/** What https servers and clients are made of, by `ssl.*` properties. */
export interface TlsOptions extends SecureContextOptions {
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
  /** False: certificates count for any host (`ssl.endpoint.identification.algorithm` is empty). For clients. */
  readonly checkHost: boolean
}

/**
 * The `ssl.*` settings below `prefix`, or without it: all or nothing, as in Kafka Connect: one key with the prefix, and those without it do
 * not count. Throws a ConfigError that names the key.
 */
export function tlsOptions(props: Props, prefix: 'listeners.https.' | 'admin.listeners.https.'): TlsOptions {
  const counts = Object.keys(props).some((key) => key.startsWith(prefix)) ? prefix : ''
  const get = (key: string): string | undefined => props[counts + key]?.trim()
  const auth = get('ssl.client.auth') ?? 'none'
  const enabled = (get('ssl.enabled.protocols') ?? 'TLSv1.2,TLSv1.3')
    .split(',')
    .map((each) => each.trim())
    .filter((each): each is SecureVersion => /^TLSv1(\.[123])?$/.test(each))
    .sort()
  const suites = get('ssl.cipher.suites') ?? ''
  return {
    ...sslStores(props, counts),
    ...(enabled.length === 0 ? {} : { minVersion: enabled[0]!, maxVersion: enabled.at(-1)! }),
    ...(suites === '' ? {} : { ciphers: opensslCiphers(suites) }),
    requestCert: auth !== 'none',
    rejectUnauthorized: auth === 'required',
    checkHost: get('ssl.endpoint.identification.algorithm') !== '',
  }
}
