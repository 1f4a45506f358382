/** SASL SCRAM (RFC 5802, without channel binding), the server's side: the password never travels. */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

import type { SaslDialogue } from './sasl-dialogue.ts'
import { SaslError } from './sasl-error.ts'

export type ScramHash = 'sha256' | 'sha512'

/** The least that Kafka allows. */
const ITERATIONS = 4096
const DIGEST_BYTES = { sha256: 32, sha512: 64 } as const

export class ScramCredentials {
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer

  private constructor(salt: Buffer, storedKey: Buffer, serverKey: Buffer) {
    this.salt = salt
    this.storedKey = storedKey
    this.serverKey = serverKey
  }

  static of(hash: ScramHash, password: string): ScramCredentials {
    const salt = randomBytes(20)
    const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS, DIGEST_BYTES[hash], hash)
    const clientKey = hmac(hash, salted, 'Client Key')
    return new ScramCredentials(salt, digest(hash, clientKey), hmac(hash, salted, 'Server Key'))
  }
}

interface Expected {
  readonly user: string
  readonly credentials: ScramCredentials
  /** Of the client and of us. */
  readonly nonce: string
  readonly clientFirst: string
  readonly serverFirst: string
}

export class ScramServer implements SaslDialogue {
  readonly #hash: ScramHash
  readonly #credentials: (user: string) => ScramCredentials | undefined
  #expected: Expected | undefined
  principal: string | undefined

  constructor(hash: ScramHash, credentials: (user: string) => ScramCredentials | undefined) {
    this.#hash = hash
    this.#credentials = credentials
  }

  respond(message: Buffer): Buffer {
    const text = message.toString('utf8')
    return Buffer.from(this.#expected === undefined ? this.#first(text) : this.#final(text, this.#expected))
  }

  /** `n,[a=authorization id],n=user,r=nonce[,extensions]` */
  #first(text: string): string {
    const found = /^n,(?:a=([^,]*))?,(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/.exec(text)
    if (found === null) throw new SaslError('Invalid SCRAM client first message format')
    const [, authorizationId = '', clientFirst = '', name = '', clientNonce = ''] = found
    const user = name.replaceAll('=2C', ',').replaceAll('=3D', '=')
    const credentials = this.#credentials(user)
    if (credentials === undefined || (authorizationId !== '' && authorizationId !== name)) throw this.#refused()
    const nonce = clientNonce + randomBytes(18).toString('base64url')
    const serverFirst = `r=${nonce},s=${credentials.salt.toString('base64')},i=${ITERATIONS}`
    this.#expected = { user, credentials, nonce, clientFirst, serverFirst }
    return serverFirst
  }

  /** `c=channel binding,r=nonce[,extensions],p=proof` */
  #final(text: string, { user, credentials, nonce, clientFirst, serverFirst }: Expected): string {
    const found = /^(c=([^,]*),r=([^,]*)(?:,.*)?),p=([^,]*)$/.exec(text)
    if (found === null) throw new SaslError('Invalid SCRAM client final message format')
    const [, withoutProof = '', , givenNonce, proofText = ''] = found
    const auth = `${clientFirst},${serverFirst},${withoutProof}`
    const proof = Buffer.from(proofText, 'base64')
    const signature = hmac(this.#hash, credentials.storedKey, auth)
    if (givenNonce !== nonce || proof.length !== signature.length) throw this.#refused()
    const clientKey = proof.map((byte, at) => byte ^ signature[at]!)
    if (!timingSafeEqual(digest(this.#hash, clientKey), credentials.storedKey)) throw this.#refused()
    this.principal = user
    return `v=${hmac(this.#hash, credentials.serverKey, auth).toString('base64')}`
  }

  #refused(): SaslError {
    const mechanism = this.#hash === 'sha256' ? 'SCRAM-SHA-256' : 'SCRAM-SHA-512'
    return new SaslError(
      `Authentication failed during authentication due to invalid credentials with SASL mechanism ${mechanism}`,
    )
  }
}

function hmac(hash: ScramHash, key: Uint8Array, text: string): Buffer {
  return createHmac(hash, key).update(text).digest()
}

function digest(hash: ScramHash, bytes: Uint8Array): Buffer {
  return createHash(hash).update(bytes).digest()
}
