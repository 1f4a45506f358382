import { createDecipheriv, hash as digestOf, pbkdf2Sync } from 'node:crypto'
import { Tag } from './der.ts'
import type { Der } from './der.ts'
import { decipherRc2Cbc } from './rc2.ts'
import { WrongPasswordError } from './wrong-password-error.ts'

const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'

const HMACS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

interface Cipher {
  readonly name: string
  readonly keyBytes: number
}

const PBES2_CIPHERS: Readonly<Record<string, Cipher>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24 },
}

/** Schemes of PKCS12 itself, with SHA-1 (RFC 7292, appendix C): of stores from before 2020, thus of many that are in use. */
const PKCS12_CIPHERS: Readonly<Record<string, Cipher>> = {
  '1.2.840.113549.1.12.1.3': { name: 'des-ede3-cbc', keyBytes: 24 },
  '1.2.840.113549.1.12.1.5': { name: 'rc2-cbc', keyBytes: 16 },
  '1.2.840.113549.1.12.1.6': { name: 'rc2-cbc', keyBytes: 5 },
}
const PKCS12_IV_BYTES = 8

/** What the key of PKCS12's derivation is for. */
export const Pkcs12Purpose = { KEY: 1, IV: 2, MAC: 3 } as const

/**
 * Deciphers by an AlgorithmIdentifier: PBES2 (RFC 8018) with AES or triple DES, or a scheme of PKCS12. Throws WrongPasswordError when
 * nothing sensible comes out, another Error when the algorithm is not known.
 */
export function decryptWithPassword(algorithm: Der, data: Buffer, password: string): Buffer {
  const oid = algorithm.oid()
  const parameters = algorithm.sequence()
  const [cipher, key, iv] = oid === PBES2 ? pbes2(parameters, password) : pkcs12(oid, parameters, password)
  try {
    if (cipher.name === 'rc2-cbc') return decipherRc2Cbc(key, iv, data)
    const decipher = createDecipheriv(cipher.name, key, iv)
    return Buffer.concat([decipher.update(data), decipher.final()])
  } catch (cause) {
    throw new WrongPasswordError({ cause })
  }
}

/** RFC 7292, appendix B.2. */
export function pkcs12Key(options: {
  readonly purpose: (typeof Pkcs12Purpose)[keyof typeof Pkcs12Purpose]
  readonly hash: string
  readonly password: string
  readonly salt: Buffer
  readonly iterations: number
  readonly bytes: number
}): Buffer {
  const { purpose, hash, password, salt, iterations, bytes } = options
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64
  const filled = (text: Buffer): Buffer => Buffer.alloc(Math.ceil(text.length / block) * block, text)
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16()
  const input = Buffer.concat([filled(salt), filled(secret)])
  const diversifier = Buffer.alloc(block, purpose)
  const found: Buffer[] = []
  for (let length = 0; length < bytes; length += found.at(-1)!.length) {
    let digest = digestOf(hash, Buffer.concat([diversifier, input]), 'buffer')
    for (let i = 1; i < iterations; i++) digest = digestOf(hash, digest, 'buffer')
    found.push(digest)
    for (let at = 0; at < input.length; at += block) addPlusOne(input.subarray(at, at + block), digest)
  }
  return Buffer.concat(found).subarray(0, bytes)
}

/** As one number of `block`'s size: block += digest, repeated to that size, + 1. */
function addPlusOne(block: Buffer, digest: Buffer): void {
  let carry = 1
  for (let i = block.length - 1; i >= 0; i--) {
    carry += block[i]! + digest[i % digest.length]!
    block[i] = carry & 0xff
    carry >>= 8
  }
}

function pbes2(parameters: Der, password: string): [cipher: Cipher, key: Buffer, iv: Buffer] {
  const derivation = parameters.sequence()
  const scheme = parameters.sequence()
  const kdf = derivation.oid()
  if (kdf !== PBKDF2) throw unknown(kdf)
  const pbkdf2 = derivation.sequence()
  const salt = pbkdf2.octets()
  const iterations = pbkdf2.integer()
  if (pbkdf2.nextTag === Tag.INTEGER) pbkdf2.integer() // the key's length, which the cipher tells too
  const prf = pbkdf2.more ? pbkdf2.sequence().oid() : '1.2.840.113549.2.7'
  const hash = HMACS[prf]
  if (hash === undefined) throw unknown(prf)
  const oid = scheme.oid()
  const cipher = PBES2_CIPHERS[oid]
  if (cipher === undefined) throw unknown(oid)
  return [cipher, pbkdf2Sync(password, salt, iterations, cipher.keyBytes, hash), scheme.octets()]
}

function pkcs12(oid: string, parameters: Der, password: string): [cipher: Cipher, key: Buffer, iv: Buffer] {
  const cipher = PKCS12_CIPHERS[oid]
  if (cipher === undefined) throw unknown(oid)
  const salt = parameters.octets()
  const iterations = parameters.integer()
  const derived = { hash: 'sha1', password, salt, iterations }
  return [
    cipher,
    pkcs12Key({ ...derived, purpose: Pkcs12Purpose.KEY, bytes: cipher.keyBytes }),
    pkcs12Key({ ...derived, purpose: Pkcs12Purpose.IV, bytes: PKCS12_IV_BYTES }),
  ]
}

function unknown(oid: string): Error {
  return new Error(`it is encrypted with an algorithm that is not known here (${oid})`)
}
