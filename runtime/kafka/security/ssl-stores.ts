import { readFileSync } from 'node:fs'
import { ConfigError } from '../../api/errors.ts'
import type { Props } from '../../api/props.ts'
import { pemCertificates, pemKey } from './pem.ts'
import { Tag } from './stores/der.ts'
import { JKS_MAGIC } from './stores/jks-store.ts'
import type { KeyStore } from './stores/key-store.ts'
import { openStore } from './stores/open-store.ts'
import { WrongPasswordError } from './stores/wrong-password-error.ts'

/** As TLS of Node takes them. Holds secrets: not to be logged. */
export interface SslStores {
  /** Absent: the authorities that Node knows. PEM. */
  readonly ca?: string[]
  readonly cert?: string | string[]
  readonly key?: string | string[]
  readonly passphrase?: string
}

type Which = 'keystore' | 'truststore'
type StoreKind = 'PEM' | 'PKCS12' | 'JKS'

const KINDS: readonly string[] = ['JKS', 'PKCS12', 'PEM']

/**
 * What `ssl.truststore.*` and `ssl.keystore.*` below the prefix name: PEM (files or inline), PKCS12 or JKS files. What kind a file is tells
 * its content, as in Java, where type JKS, the default, reads PKCS12 too. Throws ConfigError, never with a secret in its message.
 */
export function sslStores(props: Props, prefix = ''): SslStores {
  const stores = new SslStoreReader(props, prefix)
  return { ...stores.trust(), ...stores.identity() }
}

class SslStoreReader {
  readonly #props: Props
  readonly #prefix: string

  constructor(props: Props, prefix: string) {
    this.#props = props
    this.#prefix = prefix
  }

  trust(): SslStores {
    const inline = this.#given('ssl.truststore.certificates')
    const location = this.#given('ssl.truststore.location')
    if (inline !== undefined && location !== undefined)
      throw this.#error(
        'ssl.truststore.certificates',
        'both ssl.truststore.certificates and ssl.truststore.location are given',
      )
    if (inline !== undefined) return { ca: this.#certificates('ssl.truststore.certificates', inline) }
    if (location === undefined) return {}
    const { kind, bytes } = this.#file('truststore', location)
    if (kind === 'PEM') return { ca: this.#certificates('ssl.truststore.location', bytes.toString('utf8')) }
    const found = this.#opened('truststore', kind, location, () => [...this.#store('truststore', kind, bytes).trusted])
    if (found.length === 0)
      throw this.#error(
        'ssl.truststore.location',
        `${location} holds no trusted certificate; add the authority of the other side: keytool -importcert -keystore ${location} -file ca.pem`,
      )
    return { ca: found }
  }

  identity(): SslStores {
    const key = this.#given('ssl.keystore.key')
    const chain = this.#given('ssl.keystore.certificate.chain')
    const location = this.#given('ssl.keystore.location')
    if (key !== undefined || chain !== undefined) {
      if (location !== undefined)
        throw this.#error(
          'ssl.keystore.location',
          'both ssl.keystore.location and ssl.keystore.key or certificate.chain are given',
        )
      if (key === undefined || chain === undefined)
        throw this.#error(
          key === undefined ? 'ssl.keystore.key' : 'ssl.keystore.certificate.chain',
          'ssl.keystore.key and ssl.keystore.certificate.chain belong together',
        )
      return this.#pemIdentity('ssl.keystore.key', key, 'ssl.keystore.certificate.chain', chain)
    }
    if (location === undefined) return {}
    const { kind, bytes } = this.#file('keystore', location)
    if (kind === 'PEM') {
      const text = bytes.toString('utf8')
      return this.#pemIdentity('ssl.keystore.location', text, 'ssl.keystore.location', text)
    }
    const store = this.#opened('keystore', kind, location, () => this.#store('keystore', kind, bytes))
    const found = this.#identities(store, kind, location)
    if (found.length === 0)
      throw this.#error('ssl.keystore.location', `${location} holds no private key with its certificate`)
    return { key: found.map((each) => each.key), cert: found.map((each) => each.chain) }
  }

  #store(which: Which, kind: Exclude<StoreKind, 'PEM'>, bytes: Buffer): KeyStore {
    return openStore(kind, bytes, this.#given(`ssl.${which}.password`))
  }

  #identities(store: KeyStore, kind: StoreKind, location: string): ReturnType<KeyStore['identities']> {
    const keyPassword = this.#given('ssl.key.password')
    return this.#opened('keystore', kind, location, () => {
      try {
        return store.identities(keyPassword)
      } catch (error) {
        if (!(error instanceof WrongPasswordError)) throw error
        const tried = keyPassword === undefined ? 'ssl.keystore.password' : 'ssl.key.password'
        throw this.#error(
          'ssl.key.password',
          `the private key in ${location} ${error.missing ? 'needs' : `does not open with ${this.#prefix}${tried}: it has a password of its own, which belongs into`} ${this.#prefix}ssl.key.password`,
          error,
        )
      }
    })
  }

  #pemIdentity(keyName: string, keyText: string, chainName: string, chainText: string): SslStores {
    const passphrase = this.#given('ssl.key.password')
    const key = pemKey(keyText)
    if (key === undefined) throw this.#error(keyName, 'no PEM private key in it (-----BEGIN PRIVATE KEY-----)')
    if (key.includes('ENCRYPTED') && passphrase === undefined)
      throw this.#error('ssl.key.password', 'the private key is encrypted: ssl.key.password is needed')
    const cert = this.#certificates(chainName, chainText).join('')
    return { key, cert, ...(passphrase === undefined ? {} : { passphrase }) }
  }

  #certificates(name: string, text: string): string[] {
    const found = pemCertificates(text)
    if (found.length === 0) throw this.#error(name, 'no PEM certificates in it (-----BEGIN CERTIFICATE-----)')
    return [...found]
  }

  #file(which: Which, location: string): { kind: StoreKind; bytes: Buffer } {
    const type = this.#given(`ssl.${which}.type`)?.toUpperCase()
    if (type !== undefined && !KINDS.includes(type))
      throw this.#error(
        `ssl.${which}.type`,
        `a store of type ${type} cannot be read: ${KINDS.join(', ')} can. ${conversion(location)}`,
      )
    const key = `ssl.${which}.location`
    let bytes: Buffer
    try {
      bytes = readFileSync(location)
    } catch (cause) {
      throw this.#error(key, `cannot read ${location}: ${(cause as Error).message}`, cause)
    }
    const kind = kindOf(bytes)
    if (kind === undefined)
      throw this.#error(key, `${location} is no PEM, PKCS12 or JKS store. ${conversion(location)}`)
    return { kind, bytes }
  }

  #opened<T>(which: Which, kind: StoreKind, location: string, open: () => T): T {
    try {
      return open()
    } catch (error) {
      if (error instanceof ConfigError) throw error
      const password = `${this.#prefix}ssl.${which}.password`
      if (error instanceof WrongPasswordError)
        throw this.#error(
          `ssl.${which}.password`,
          error.missing
            ? `the ${kind} store ${location} is encrypted: ${password} is needed`
            : `the ${kind} store ${location} does not open with ${password}, or is damaged; check with keytool -list -keystore ${location}`,
          error,
        )
      throw this.#error(
        `ssl.${which}.location`,
        `${location} cannot be read as ${kind}: ${(error as Error).message}. ${conversion(location)}`,
        error,
      )
    }
  }

  #error(key: string, message: string, cause?: unknown): ConfigError {
    return new ConfigError(`${this.#prefix}${key}`, message, cause === undefined ? {} : { cause })
  }

  #given(key: string): string | undefined {
    const value = this.#props[this.#prefix + key]?.trim()
    return value === '' ? undefined : value
  }
}

/** JKS begins with a magic number, PKCS12 is a DER sequence. */
function kindOf(bytes: Buffer): StoreKind | undefined {
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === JKS_MAGIC) return 'JKS'
  if (bytes[0] === Tag.SEQUENCE && bytes[1]! >= 0x80) return 'PKCS12'
  return bytes.includes(0) ? undefined : 'PEM'
}

function conversion(location: string): string {
  return `Convert it: keytool -importkeystore -srckeystore ${location} -destkeystore ${location}.p12 -deststoretype PKCS12`
}
