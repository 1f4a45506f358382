import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { ConnectError } from '../../api/errors.ts'
import type { SaslExchange, SaslMechanism } from './sasl-mechanism.ts'

/** Less than this a broker must not offer (RFC 7677). */
const MIN_ITERATIONS = 4096

export interface ScramCredentials {
  readonly username: string
  readonly password: string
  /** A delegation token instead of a user (KIP-48). */
  readonly tokenAuth?: boolean
}

/** RFC 5802 without channel binding. */
export function scram(bits: 256 | 512, credentials: ScramCredentials): SaslMechanism {
  return { name: `SCRAM-SHA-${bits}`, begin: () => new ScramExchange(`sha${bits}`, credentials) }
}

/** client-first ─► server-first ─► client-final ─► server-final: the server proves itself too. */
class ScramExchange implements SaslExchange {
  readonly #hash: string
  readonly #credentials: ScramCredentials
  readonly #nonce = randomBytes(24).toString('base64url')
  #first = ''
  #serverSignature: Buffer | undefined
  #step = 0

  constructor(hash: string, credentials: ScramCredentials) {
    this.#hash = hash
    this.#credentials = credentials
  }

  async next(challenge: Buffer | undefined): Promise<Buffer | undefined> {
    switch (this.#step++) {
      case 0: {
        const name = this.#credentials.username.replaceAll('=', '=3D').replaceAll(',', '=2C')
        this.#first = `n=${name},r=${this.#nonce}${this.#credentials.tokenAuth === true ? ',tokenauth=true' : ''}`
        return Buffer.from(`n,,${this.#first}`)
      }
      case 1:
        return await this.#proof(String(challenge))
      default:
        this.#verify(String(challenge))
        return undefined
    }
  }

  async #proof(serverFirst: string): Promise<Buffer> {
    const { r: nonce = '', s: salt = '', i = '0', e: error } = attributes(serverFirst)
    if (error !== undefined) throw refused(`the broker says ${error}`)
    const iterations = Number(i)
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce)
      throw refused("the broker's nonce does not extend ours")
    if (!(iterations >= MIN_ITERATIONS))
      throw refused(`the broker asks for ${i} iterations, less than ${MIN_ITERATIONS}`)
    const length = createHash(this.#hash).digest().length
    const salted = await promisify(pbkdf2)(
      this.#credentials.password,
      Buffer.from(salt, 'base64'),
      iterations,
      length,
      this.#hash,
    )
    const clientKey = this.#hmac(salted, 'Client Key')
    const storedKey = createHash(this.#hash).update(clientKey).digest()
    const withoutProof = `c=biws,r=${nonce}` // biws: base64 of the header "n,,"
    const authMessage = `${this.#first},${serverFirst},${withoutProof}`
    const signature = this.#hmac(storedKey, authMessage)
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!))
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), authMessage)
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
  }

  #verify(serverFinal: string): void {
    const { v: verifier = '', e: error } = attributes(serverFinal)
    if (error !== undefined) throw refused(`the broker says ${error}`)
    const given = Buffer.from(verifier, 'base64')
    const expected = this.#serverSignature!
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw refused('the broker does not know the password: its signature is wrong')
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest()
  }
}

function attributes(message: string): Readonly<Record<string, string>> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]))
}

function refused(why: string): ConnectError {
  return new ConnectError(`SCRAM authentication failed: ${why}`)
}
