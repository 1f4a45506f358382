import { createPrivateKey } from 'node:crypto'
import type { KeyObject, X509Certificate } from 'node:crypto'

/** A private key with its certificates, the own one first; PEM. */
export interface StoredIdentity {
  readonly key: string
  readonly chain: string
}

/** What a key store or trust store of Java holds. */
export interface KeyStore {
  /** What Java trusts because of this store: trusted certificates, and the own ones of private keys. PEM. */
  readonly trusted: readonly string[]
  /** Opens the private keys. Throws WrongPasswordError. */
  identities(keyPassword: string | undefined): readonly StoredIdentity[]
}

export function pemOf(certificate: X509Certificate): string {
  return certificate.toString()
}

/** Both formats keep private keys as PKCS8. */
export function pkcs8Key(der: Buffer): KeyObject {
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

export function storedIdentity(key: KeyObject, chain: readonly X509Certificate[]): StoredIdentity {
  return { key: key.export({ type: 'pkcs8', format: 'pem' }) as string, chain: chain.map(pemOf).join('') }
}

/** From the own certificate up, as far as there are issuers. */
export function chainFrom(own: X509Certificate, all: readonly X509Certificate[]): readonly X509Certificate[] {
  const chain = [own]
  for (;;) {
    const last = chain.at(-1)!
    const issuer = all.find((each) => !chain.includes(each) && last.checkIssued(each))
    if (issuer === undefined) return chain
    chain.push(issuer)
  }
}
