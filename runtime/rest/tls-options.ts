import { readFileSync } from 'node:fs'
import type { SecureContextOptions, SecureVersion } from 'node:tls'
import { ConfigError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import { pkcs12Certificates } from './pkcs12.ts'

/** What https servers and clients are made of, by `ssl.*` properties. */
export interface TlsOptions extends SecureContextOptions {
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
  /** False: certificates count for any host (`ssl.endpoint.identification.algorithm` is empty). For clients. */
  readonly checkHost: boolean
}

type StoreType = 'PEM' | 'PKCS12' | 'JKS'

/**
 * The `ssl.*` settings below `prefix`, or without it: all or nothing, as in Kafka Connect: one key with the prefix, and those without it do
 * not count. Throws a ConfigError that names the key.
 */
export function tlsOptions(props: Props, prefix: 'listeners.https.' | 'admin.listeners.https.'): TlsOptions {
  const prefixed = Object.keys(props).some((key) => key.startsWith(prefix))
  const settings = new SslSettings(props, prefixed ? prefix : '')
  const auth = settings.get('ssl.client.auth') ?? 'none'
  return {
    ...settings.keyStore(),
    ...settings.trustStore(),
    ...settings.versions(),
    requestCert: auth !== 'none',
    rejectUnauthorized: auth === 'required',
    checkHost: settings.get('ssl.endpoint.identification.algorithm') !== '',
  }
}

class SslSettings {
  readonly #props: Props
  readonly #prefix: string

  constructor(props: Props, prefix: string) {
    this.#props = props
    this.#prefix = prefix
  }

  get(key: string): string | undefined {
    return this.#props[this.#prefix + key]?.trim()
  }

  keyStore(): SecureContextOptions {
    const passphrase = this.get('ssl.key.password') ?? this.get('ssl.keystore.password')
    const secret = passphrase === undefined ? {} : { passphrase }
    const key = this.get('ssl.keystore.key')
    const chain = this.get('ssl.keystore.certificate.chain')
    if (key !== undefined && chain !== undefined) return { key: lines(key), cert: lines(chain), ...secret }
    const store = this.#store('keystore')
    if (store === undefined) return {}
    if (store.type === 'PEM') return { key: store.bytes, cert: store.bytes, ...secret }
    const password = this.get('ssl.keystore.password')
    return { pfx: store.bytes, ...(password === undefined ? {} : { passphrase: password }) }
  }

  trustStore(): SecureContextOptions {
    const certificates = this.get('ssl.truststore.certificates')
    if (certificates !== undefined) return { ca: lines(certificates) }
    const store = this.#store('truststore')
    if (store === undefined) return {}
    if (store.type === 'PEM') return { ca: store.bytes }
    try {
      return { ca: [...pkcs12Certificates(store.bytes, this.get('ssl.truststore.password') ?? '')] }
    } catch (error) {
      throw new ConfigError(
        `${this.#prefix}ssl.truststore.location`,
        `${store.location} cannot be read as PKCS12: ${(error as Error).message}`,
        { cause: error },
      )
    }
  }

  versions(): SecureContextOptions {
    const enabled = list(this.get('ssl.enabled.protocols') ?? 'TLSv1.2,TLSv1.3')
      .filter((each): each is SecureVersion => /^TLSv1(\.[123])?$/.test(each))
      .sort()
    const ciphers = list(this.get('ssl.cipher.suites') ?? '')
    return {
      ...(enabled.length === 0 ? {} : { minVersion: enabled[0]!, maxVersion: enabled.at(-1)! }),
      ...(ciphers.length === 0 ? {} : { ciphers: ciphers.join(':') }),
    }
  }

  #store(
    what: 'keystore' | 'truststore',
  ): { readonly type: Exclude<StoreType, 'JKS'>; readonly location: string; readonly bytes: Buffer } | undefined {
    const key = `ssl.${what}.location`
    const location = this.get(key)
    if (location === undefined || location === '') return undefined
    const bytes = readStore(`${this.#prefix}${key}`, location)
    // Java reads PKCS12 files whatever the type says; so the file counts, not ssl.*.type, whose default is JKS.
    const type = typeOf(bytes)
    if (type === 'JKS')
      throw new ConfigError(
        `${this.#prefix}${key}`,
        `${location} is a JKS store, which only Java reads. Convert it once: keytool -importkeystore -srckeystore ${location} ` +
          `-destkeystore ${location.replace(/\.jks$/i, '')}.p12 -deststoretype PKCS12; then set ${this.#prefix}${key} to the new file ` +
          `and ${this.#prefix}ssl.${what}.type=PKCS12`,
      )
    return { type, location, bytes }
  }
}

function readStore(key: string, location: string): Buffer {
  try {
    return readFileSync(location)
  } catch (error) {
    throw new ConfigError(key, `${location} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

/** By the first bytes: JKS has a magic number, PKCS12 is a DER sequence. */
function typeOf(bytes: Buffer): StoreType {
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0xfeedfeed) return 'JKS'
  return bytes[0] === 0x30 ? 'PKCS12' : 'PEM'
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** PEM inside a properties file has its line breaks as `\n` or lost them to spaces. */
function lines(pem: string): string {
  const text = pem.replaceAll('\\n', '\n')
  return text.includes('\n') ? text : text.replace(/(?<=-----) | (?=-----END)|(?<=[A-Za-z0-9+/=]{16,}) /g, '\n')
}
