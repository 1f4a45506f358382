import { createDecipheriv, pbkdf2Sync } from 'node:crypto'

/** Object identifiers as hexadecimal DER contents. */
const DATA = '2a864886f70d010701'
const ENCRYPTED_DATA = '2a864886f70d010706'
const CERTIFICATE_BAG = '2a864886f70d010c0a0103'
const PBES2 = '2a864886f70d01050d'
const DIGESTS: Readonly<Record<string, string>> = {
  '2a864886f70d0207': 'sha1',
  '2a864886f70d0209': 'sha256',
  '2a864886f70d020a': 'sha384',
  '2a864886f70d020b': 'sha512',
}
const CIPHERS: Readonly<Record<string, readonly [name: string, keyBytes: number]>> = {
  '60864801650304012a': ['aes-256-cbc', 32],
  '608648016503040116': ['aes-192-cbc', 24],
  '608648016503040102': ['aes-128-cbc', 16],
}

/**
 * The certificates of a PKCS12 trust store (RFC 7292) as PEM. The platform reads key stores of this kind, but none without a key. Encryption:
 * PBES2 with AES, as keytool and OpenSSL write it; integrity is not checked, for the password is checked by the decryption.
 */
export function pkcs12Certificates(file: Buffer, password: string): readonly string[] {
  const pfx = new Der(file).sequence()
  pfx.next() // version
  const content = pfx.sequence()
  if (content.oid() !== DATA) throw new Error('its integrity is not protected by a password')
  const safes = new Der(content.explicit().octets()).sequence()
  const found: string[] = []
  while (safes.more) {
    const safe = safes.sequence()
    const kind = safe.oid()
    if (kind === DATA) found.push(...certificates(safe.explicit().octets()))
    else if (kind === ENCRYPTED_DATA) found.push(...certificates(decrypted(safe.explicit(), password)))
  }
  if (found.length === 0) throw new Error('it holds no certificates')
  return found
}

function decrypted(content: Der, password: string): Buffer {
  const data = content.sequence()
  data.next() // version
  const info = data.sequence()
  info.oid() // data
  const algorithm = info.sequence()
  if (algorithm.oid() !== PBES2)
    throw new Error('it is encrypted in an outdated way; write it again with a newer keytool or openssl')
  const parameters = algorithm.sequence()
  const derivation = parameters.sequence()
  derivation.oid() // PBKDF2
  const pbkdf2 = derivation.sequence()
  const salt = pbkdf2.octets()
  const iterations = pbkdf2.integer()
  let digest = 'sha1'
  while (pbkdf2.more) {
    const { tag, value } = pbkdf2.next()
    if (tag === SEQUENCE) digest = DIGESTS[new Der(value).oid()] ?? digest
  }
  const scheme = parameters.sequence()
  const cipher = CIPHERS[scheme.oid()]
  if (cipher === undefined) throw new Error('its cipher is not AES')
  const key = pbkdf2Sync(password, salt, iterations, cipher[1], digest)
  const decipher = createDecipheriv(cipher[0], key, scheme.octets())
  return Buffer.concat([decipher.update(info.next().value), decipher.final()])
}

function certificates(contents: Buffer): readonly string[] {
  const bags = new Der(contents).sequence()
  const found: string[] = []
  while (bags.more) {
    const bag = bags.sequence()
    if (bag.oid() !== CERTIFICATE_BAG) continue
    const certificate = bag.explicit().sequence()
    certificate.oid() // x509Certificate
    found.push(pem(certificate.explicit().octets()))
  }
  return found
}

function pem(der: Buffer): string {
  const body = der.toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
}

const SEQUENCE = 0x30

/** Reads DER values one after another. */
class Der {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get more(): boolean {
    return this.#at < this.#bytes.length
  }

  next(): { readonly tag: number; readonly value: Buffer } {
    const tag = this.#bytes[this.#at++]
    const first = this.#bytes[this.#at++]
    if (tag === undefined || first === undefined) throw new Error('it ends too early')
    let length = first
    if (first > 0x80) {
      length = this.#bytes.readUIntBE(this.#at, first & 0x7f)
      this.#at += first & 0x7f
    }
    const value = this.#bytes.subarray(this.#at, this.#at + length)
    if (value.length < length) throw new Error('it ends too early')
    this.#at += length
    return { tag, value }
  }

  sequence(): Der {
    const { tag, value } = this.next()
    if (tag !== SEQUENCE) throw new Error('it is not a PKCS12 file')
    return new Der(value)
  }

  /** What a context tag `[0] EXPLICIT` encloses. */
  explicit(): Der {
    return new Der(this.next().value)
  }

  octets(): Buffer {
    return this.next().value
  }

  oid(): string {
    return this.next().value.toString('hex')
  }

  integer(): number {
    const { value } = this.next()
    return value.readUIntBE(0, Math.min(value.length, 6))
  }
}
