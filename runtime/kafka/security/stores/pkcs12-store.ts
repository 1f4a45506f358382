import { X509Certificate, createHmac, timingSafeEqual } from 'node:crypto'
import { Der } from './der.ts'
import { chainFrom, pemOf, pkcs8Key, storedIdentity } from './key-store.ts'
import type { KeyStore, StoredIdentity } from './key-store.ts'
import { Pkcs12Purpose, decryptWithPassword, pkcs12Key } from './password-encryption.ts'
import { WrongPasswordError } from './wrong-password-error.ts'

const DATA = '1.2.840.113549.1.7.1'
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const KEY_BAG = '1.2.840.113549.1.12.10.1.1'
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2'
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3'
const NESTED_BAGS = '1.2.840.113549.1.12.10.1.6'
const X509 = '1.2.840.113549.1.9.22.1'
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21'
/** Java's: the certificate is an entry of its own, and trusted. */
const TRUSTED_KEY_USAGE = '2.16.840.1.113894.746875.1.1'

const MAC_HASHES: Readonly<Record<string, readonly [hash: string, bytes: number]>> = {
  '1.3.14.3.2.26': ['sha1', 20],
  '2.16.840.1.101.3.4.2.1': ['sha256', 32],
  '2.16.840.1.101.3.4.2.2': ['sha384', 48],
  '2.16.840.1.101.3.4.2.3': ['sha512', 64],
}

interface Bag {
  readonly kind: string
  readonly value: Der
  readonly attributes: ReadonlySet<string>
}

interface CertificateBag {
  readonly certificate: X509Certificate
  readonly attributes: ReadonlySet<string>
}

/**
 * A PKCS12 file (RFC 7292), as keytool and OpenSSL write it, of today and with the schemes of before. Throws WrongPasswordError, or an Error
 * that says what in it cannot be read.
 */
export class Pkcs12Store implements KeyStore {
  readonly #password: string | undefined
  readonly #keys: readonly Bag[]
  readonly #certificates: readonly CertificateBag[]

  constructor(file: Buffer, password: string | undefined) {
    this.#password = password
    const pfx = new Der(file).sequence()
    pfx.integer() // version
    const content = pfx.sequence()
    if (content.oid() !== DATA) throw new Error('it is signed, where a password should protect it')
    const safes = content.explicit().octets()
    if (pfx.more && password !== undefined) checkMac(pfx.sequence(), safes, password)
    const bags = bagsOf(safes, password)
    this.#keys = bags.filter(({ kind }) => kind === KEY_BAG || kind === SHROUDED_KEY_BAG)
    this.#certificates = bags.flatMap((bag) => certificateOf(bag) ?? [])
  }

  /** A store without keys in which nothing is marked as Java marks it, as OpenSSL writes them, is meant to be trusted as a whole. */
  get trusted(): readonly string[] {
    const own = this.#certificates.filter(
      ({ attributes }) => attributes.has(TRUSTED_KEY_USAGE) || attributes.has(LOCAL_KEY_ID),
    )
    const found = own.length === 0 && this.#keys.length === 0 ? this.#certificates : own
    return found.map(({ certificate }) => pemOf(certificate))
  }

  identities(keyPassword: string | undefined): readonly StoredIdentity[] {
    const all = this.#certificates.map(({ certificate }) => certificate)
    return this.#keys.flatMap(({ kind, value }) => {
      const key = pkcs8Key(kind === KEY_BAG ? value.next().value : unshrouded(value, keyPassword ?? this.#password))
      const own = all.find((certificate) => certificate.checkPrivateKey(key))
      return own === undefined ? [] : [storedIdentity(key, chainFrom(own, all))]
    })
  }
}

/** Integrity, by a key of the password: the first to know that it is wrong. */
function checkMac(mac: Der, content: Buffer, password: string): void {
  const info = mac.sequence()
  const oid = info.sequence().oid()
  const algorithm = MAC_HASHES[oid]
  if (algorithm === undefined) throw new Error(`its integrity is protected in a way that is not known here (${oid})`)
  const [hash, bytes] = algorithm
  const expected = info.octets()
  const salt = mac.octets()
  const iterations = mac.more ? mac.integer() : 1
  const key = pkcs12Key({ purpose: Pkcs12Purpose.MAC, hash, password, salt, iterations, bytes })
  const found = createHmac(hash, key).update(content).digest()
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) throw new WrongPasswordError()
}

function bagsOf(authenticatedSafe: Buffer, password: string | undefined): readonly Bag[] {
  const safes = new Der(authenticatedSafe).sequence()
  const found: Bag[] = []
  while (safes.more) {
    const safe = safes.sequence()
    const kind = safe.oid()
    if (kind === DATA) found.push(...bags(new Der(safe.explicit().octets())))
    else if (kind === ENCRYPTED_DATA) found.push(...bags(new Der(decrypted(safe.explicit(), password))))
    else throw new Error('a part of it is protected by a public key, where a password should protect it')
  }
  return found
}

function decrypted(content: Der, password: string | undefined): Buffer {
  if (password === undefined) throw new WrongPasswordError({ missing: true })
  const data = content.sequence()
  data.integer() // version
  const info = data.sequence()
  info.oid() // data
  const algorithm = info.sequence()
  return decryptWithPassword(algorithm, info.next().value, password)
}

function bags(contents: Der): readonly Bag[] {
  const list = contents.sequence()
  const found: Bag[] = []
  while (list.more) {
    const bag = list.sequence()
    const kind = bag.oid()
    const { value } = bag.next()
    if (kind === NESTED_BAGS) found.push(...bags(new Der(value)))
    else found.push({ kind, value: new Der(value), attributes: attributesOf(bag) })
  }
  return found
}

function attributesOf(bag: Der): ReadonlySet<string> {
  const found = new Set<string>()
  if (!bag.more) return found
  const attributes = bag.set()
  while (attributes.more) found.add(attributes.sequence().oid())
  return found
}

function certificateOf({ kind, value, attributes }: Bag): CertificateBag | undefined {
  if (kind !== CERTIFICATE_BAG) return undefined
  const certificate = value.sequence()
  if (certificate.oid() !== X509) return undefined
  return { certificate: new X509Certificate(certificate.explicit().octets()), attributes }
}

function unshrouded(value: Der, password: string | undefined): Buffer {
  if (password === undefined) throw new WrongPasswordError({ missing: true })
  const info = value.sequence()
  const algorithm = info.sequence()
  return decryptWithPassword(algorithm, info.octets(), password)
}
