/** SASL OAUTHBEARER (RFC 7628) with the unsecured tokens of Kafka's tests: JSON Web Tokens that nobody signed. */
import type { SaslDialogue } from './sasl-dialogue.ts'
import { SaslError } from './sasl-error.ts'

const NOTHING = Buffer.alloc(0)

interface Claims {
  readonly sub?: unknown
  /** Seconds since the epoch. */
  readonly exp?: unknown
}

export class OAuthBearerServer implements SaslDialogue {
  readonly #now: () => number
  #refused = false
  principal: string | undefined

  constructor(now: () => number) {
    this.#now = now
  }

  /** `n,[a=authorization id],^Aauth=Bearer TOKEN^A…^A^A`. A refusal is JSON, which the client confirms before it ends. */
  respond(message: Buffer): Buffer {
    if (this.#refused) throw new SaslError('Authentication failed: the token is not valid')
    const token = /^n,[^,]*,\x01(?:.*\x01)?auth=Bearer +([^\x01]+)\x01/is.exec(message.toString('utf8'))?.[1]
    if (token === undefined) throw new SaslError('Invalid OAUTHBEARER client first message')
    this.principal = this.#subjectOf(token)
    if (this.principal !== undefined) return NOTHING
    this.#refused = true
    return Buffer.from('{"status":"invalid_token"}')
  }

  #subjectOf(token: string): string | undefined {
    const [header, claims, signature] = token.split('.')
    if (signature !== '' || decoded<{ alg?: unknown }>(header)?.alg !== 'none') return undefined
    const { sub, exp } = decoded<Claims>(claims) ?? {}
    return typeof sub === 'string' && typeof exp === 'number' && exp * 1000 > this.#now() ? sub : undefined
  }
}

function decoded<T extends object>(part: string | undefined): T | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as T) : undefined
  } catch {
    return undefined // not a token
  }
}
