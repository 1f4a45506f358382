import { X509Certificate, createHash, timingSafeEqual } from 'node:crypto'
import { Der } from './der.ts'
import { pemOf, pkcs8Key, storedIdentity } from './key-store.ts'
import type { KeyStore, StoredIdentity } from './key-store.ts'
import { WrongPasswordError } from './wrong-password-error.ts'

export const JKS_MAGIC = 0xfeedfeed
const PRIVATE_KEY = 1
const TRUSTED_CERTIFICATE = 2
const DATE_BYTES = 8
const SHA1_BYTES = 20
/** Goes into the digest behind the password. */
const WHITENER = 'Mighty Aphrodite'
const KEY_PROTECTOR = '1.3.6.1.4.1.42.2.17.1.1'

interface KeyEntry {
  readonly protectedKey: Buffer
  readonly chain: readonly X509Certificate[]
}

/**
 * A JKS file (sun.security.provider.JavaKeyStore): certificates in clear, a digest with the password at the end, private keys behind a
 * stream of digests. Throws WrongPasswordError, or an Error that says what in it cannot be read.
 */
export class JksStore implements KeyStore {
  readonly #password: string | undefined
  readonly #keys: KeyEntry[] = []
  readonly #trusted: X509Certificate[] = []

  /** Without a password the integrity is not checked, as in Java. */
  constructor(file: Buffer, password: string | undefined) {
    this.#password = password
    const content = file.subarray(0, -SHA1_BYTES)
    if (password !== undefined) {
      const digest = createHash('sha1').update(secret(password)).update(WHITENER).update(content).digest()
      if (!equal(digest, file.subarray(-SHA1_BYTES))) throw new WrongPasswordError()
    }
    const reader = new JksReader(content)
    if (reader.uint32() !== JKS_MAGIC) throw new Error('it is no JKS file')
    const version = reader.uint32()
    if (version !== 1 && version !== 2) throw new Error(`it has version ${version}, of which nothing is known here`)
    for (let left = reader.uint32(); left > 0; left--) this.#readEntry(reader, version)
  }

  get trusted(): readonly string[] {
    return [...this.#trusted, ...this.#keys.flatMap(({ chain }) => chain.slice(0, 1))].map(pemOf)
  }

  identities(keyPassword: string | undefined): readonly StoredIdentity[] {
    return this.#keys.map(({ protectedKey, chain }) =>
      storedIdentity(pkcs8Key(unprotected(protectedKey, keyPassword ?? this.#password)), chain),
    )
  }

  #readEntry(reader: JksReader, version: number): void {
    const kind = reader.uint32()
    reader.text() // alias
    reader.bytes(DATE_BYTES)
    if (kind === PRIVATE_KEY) {
      const protectedKey = reader.bytes(reader.uint32())
      const chain = Array.from({ length: reader.uint32() }, () => certificate(reader, version))
      this.#keys.push({ protectedKey, chain })
    } else if (kind === TRUSTED_CERTIFICATE) this.#trusted.push(certificate(reader, version))
    else throw new Error(`it has an entry of kind ${kind}, of which nothing is known here`)
  }
}

function certificate(reader: JksReader, version: number): X509Certificate {
  if (version === 2) reader.text() // X.509
  return new X509Certificate(reader.bytes(reader.uint32()))
}

/** sun.security.provider.KeyProtector: salt, key ^ digests, digest of the key. */
function unprotected(info: Buffer, password: string | undefined): Buffer {
  if (password === undefined) throw new WrongPasswordError({ missing: true })
  const der = new Der(info).sequence()
  const oid = der.sequence().oid()
  if (oid !== KEY_PROTECTOR) throw new Error(`its key is protected in a way that is not known here (${oid})`)
  const data = der.octets()
  const key = Buffer.from(data.subarray(SHA1_BYTES, -SHA1_BYTES))
  const own = secret(password)
  const sha1 = (bytes: Buffer): Buffer => createHash('sha1').update(own).update(bytes).digest()
  let digest = data.subarray(0, SHA1_BYTES)
  for (let at = 0; at < key.length; at++) {
    if (at % SHA1_BYTES === 0) digest = sha1(digest)
    key[at]! ^= digest[at % SHA1_BYTES]!
  }
  if (!equal(sha1(key), data.subarray(-SHA1_BYTES))) throw new WrongPasswordError()
  return key
}

/** Java's characters, high byte first. */
function secret(password: string): Buffer {
  return Buffer.from(password, 'utf16le').swap16()
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/** java.io.DataInputStream, as far as it goes here. */
class JksReader {
  readonly #content: Buffer
  #at = 0

  constructor(content: Buffer) {
    this.#content = content
  }

  uint32(): number {
    return this.bytes(4).readUInt32BE()
  }

  text(): string {
    return this.bytes(this.bytes(2).readUInt16BE()).toString('utf8')
  }

  bytes(length: number): Buffer {
    const found = this.#content.subarray(this.#at, this.#at + length)
    if (found.length < length) throw new Error('it ends too early')
    this.#at += length
    return found
  }
}
