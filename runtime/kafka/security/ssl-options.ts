import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { ConnectionOptions, SecureVersion } from 'node:tls'
import { ConfigError } from '../../api/errors.ts'
import type { Props } from '../../api/props.ts'
import { pemCertificates, pemKey } from './pem.ts'

/** What a TLS connection needs but for the address. Holds secrets: not to be logged. */
export type TlsOptions = Pick<
  ConnectionOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'pfx'
  | 'passphrase'
  | 'minVersion'
  | 'maxVersion'
  | 'ciphers'
  | 'checkServerIdentity'
  | 'rejectUnauthorized'
>

type StoreKind = 'PEM' | 'PKCS12' | 'JKS'

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
 * Reads Kafka's `ssl.*` properties and the files they name. Stores are PEM (files or inline) or, for keys, PKCS12; what kind a file is
 * tells its content, since Java's `ssl.*.type` defaults to JKS. Throws ConfigError, never with a secret in its message.
 */
export function sslOptions(props: Props): TlsOptions {
  if (given(props, 'ssl.engine.factory.class') !== undefined)
    throw new ConfigError(
      'ssl.engine.factory.class',
      'ssl.engine.factory.class names a Java class: use ssl.keystore.* and ssl.truststore.*',
    )
  const options: TlsOptions = {
    ...trust(props),
    ...identity(props),
    ...versions(props),
    ...(given(props, 'ssl.cipher.suites') === undefined ? {} : { ciphers: ciphers(props['ssl.cipher.suites']!) }),
    ...(verifiesHost(props) ? {} : { checkServerIdentity: () => undefined }),
  }
  try {
    createSecureContext(options)
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

function trust(props: Props): TlsOptions {
  const inline = given(props, 'ssl.truststore.certificates')
  const location = given(props, 'ssl.truststore.location')
  if (inline !== undefined && location !== undefined)
    throw new ConfigError(
      'ssl.truststore.certificates',
      'both ssl.truststore.certificates and ssl.truststore.location are given',
    )
  if (inline !== undefined) return { ca: certificates('ssl.truststore.certificates', inline) }
  if (location === undefined) return {} // the authorities that Node knows
  const { kind, bytes } = store('ssl.truststore', location)
  switch (kind) {
    case 'PEM':
      return { ca: certificates('ssl.truststore.location', bytes.toString('utf8')) }
    case 'PKCS12':
      throw unusable(
        'ssl.truststore',
        location,
        kind,
        `keytool -list -rfc -keystore ${location} -storetype PKCS12 > truststore.pem`,
      )
    case 'JKS':
      throw unusable('ssl.truststore', location, kind, `keytool -list -rfc -keystore ${location} > truststore.pem`)
  }
}

function identity(props: Props): TlsOptions {
  const passphrase = given(props, 'ssl.key.password')
  const key = given(props, 'ssl.keystore.key')
  const chain = given(props, 'ssl.keystore.certificate.chain')
  const location = given(props, 'ssl.keystore.location')
  if (key !== undefined || chain !== undefined) {
    if (location !== undefined)
      throw new ConfigError(
        'ssl.keystore.location',
        'both ssl.keystore.location and ssl.keystore.key or certificate.chain are given',
      )
    if (key === undefined || chain === undefined)
      throw new ConfigError(
        key === undefined ? 'ssl.keystore.key' : 'ssl.keystore.certificate.chain',
        'ssl.keystore.key and ssl.keystore.certificate.chain belong together',
      )
    return pemIdentity('ssl.keystore.key', key, 'ssl.keystore.certificate.chain', chain, passphrase)
  }
  if (location === undefined) return {}
  const { kind, bytes } = store('ssl.keystore', location)
  switch (kind) {
    case 'PEM': {
      const text = bytes.toString('utf8')
      return pemIdentity('ssl.keystore.location', text, 'ssl.keystore.location', text, passphrase)
    }
    case 'PKCS12': {
      const password = given(props, 'ssl.keystore.password')
      if (password === undefined)
        throw new ConfigError('ssl.keystore.password', `the PKCS12 store ${location} needs it`)
      return { pfx: bytes, passphrase: password }
    }
    case 'JKS':
      throw unusable(
        'ssl.keystore',
        location,
        kind,
        `keytool -importkeystore -srckeystore ${location} -destkeystore keystore.p12 -deststoretype PKCS12`,
      )
  }
}

function pemIdentity(
  keyName: string,
  keyText: string,
  chainName: string,
  chainText: string,
  passphrase: string | undefined,
): TlsOptions {
  const key = pemKey(keyText)
  if (key === undefined) throw new ConfigError(keyName, 'no PEM private key in it (-----BEGIN PRIVATE KEY-----)')
  if (key.includes('ENCRYPTED') && passphrase === undefined)
    throw new ConfigError('ssl.key.password', 'the private key is encrypted: ssl.key.password is needed')
  return { key, cert: certificates(chainName, chainText).join(''), ...(passphrase === undefined ? {} : { passphrase }) }
}

function certificates(name: string, text: string): string[] {
  const found = pemCertificates(text)
  if (found.length === 0) throw new ConfigError(name, 'no PEM certificates in it (-----BEGIN CERTIFICATE-----)')
  return [...found]
}

function store(what: 'ssl.keystore' | 'ssl.truststore', location: string): { kind: StoreKind; bytes: Buffer } {
  let bytes: Buffer
  try {
    bytes = readFileSync(location)
  } catch (error) {
    throw new ConfigError(`${what}.location`, `cannot read ${location}: ${(error as Error).message}`, { cause: error })
  }
  return { kind: kindOf(bytes), bytes }
}

/** JKS begins with a magic number, PKCS12 is a DER sequence. */
function kindOf(bytes: Buffer): StoreKind {
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0xfeedfeed) return 'JKS'
  return bytes[0] === 0x30 && bytes[1]! >= 0x80 ? 'PKCS12' : 'PEM'
}

function unusable(what: string, location: string, kind: StoreKind, command: string): ConfigError {
  return new ConfigError(
    `${what}.location`,
    `${location} is a ${kind} store, which only Java reads as a ${what.slice(4)}; convert it: ${command}`,
  )
}

function versions(props: Props): TlsOptions {
  const enabled = given(props, 'ssl.enabled.protocols') ?? 'TLSv1.2,TLSv1.3'
  const names = enabled.split(',').map((name) => name.trim())
  const known = VERSIONS.filter((version) => names.includes(version))
  if (known.length === 0)
    throw ConfigError.invalid('ssl.enabled.protocols', enabled, `one or more of ${VERSIONS.join(', ')}`)
  return { minVersion: known[0]!, maxVersion: known.at(-1)! }
}

/** Java writes TLS_AES_256_GCM_SHA384 (1.3, the same in OpenSSL) and TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (1.2, other names there). */
function ciphers(suites: string): string {
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
