/**
 * How far the authentication of one connection is:
 *
 *   new ── SaslHandshake ──► chosen ── SaslAuthenticate, as often as the mechanism needs ──► authenticated
 *                               └──────────────────────────────────────────────────────────► failed: the connection ends
 */
import { APIS, ErrorCode } from 'naru/protocol'

import type { SaslDialogue } from './sasl-dialogue.ts'
import { SaslError } from './sasl-error.ts'
import type { SaslAuthority } from './sasl-mechanisms.ts'

export interface SaslAnswer {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
  readonly authBytes: Buffer
}

/** What a client may ask before it has said who it is. */
const BEFORE: readonly number[] = [APIS.ApiVersions.key, APIS.SaslHandshake.key, APIS.SaslAuthenticate.key]
const NO_BYTES = Buffer.alloc(0)

export class SaslSession {
  readonly #authority: SaslAuthority
  #dialogue: SaslDialogue | undefined
  #principal: string | undefined
  #failed = false

  constructor(authority: SaslAuthority) {
    this.#authority = authority
  }

  /** Who the client is; undefined until that is certain. */
  get principal(): string | undefined {
    return this.#principal
  }

  /** The client has its answer, and nothing more. */
  get hasFailed(): boolean {
    return this.#failed
  }

  get mechanisms(): readonly string[] {
    return this.#authority.mechanisms
  }

  allows(apiKey: number): boolean {
    return this.#principal !== undefined || BEFORE.includes(apiKey)
  }

  choose(mechanism: string): ErrorCode {
    const known = this.#authority.mechanisms.find((name) => name === mechanism)
    if (known === undefined) {
      this.#failed = true
      return ErrorCode.UNSUPPORTED_SASL_MECHANISM
    }
    this.#dialogue = this.#authority.begin(known)
    return ErrorCode.NONE
  }

  authenticate(message: Buffer): SaslAnswer {
    if (this.#dialogue === undefined) return this.#fail(ErrorCode.ILLEGAL_SASL_STATE, 'SaslHandshake comes first')
    try {
      const authBytes = this.#dialogue.respond(message)
      this.#principal = this.#dialogue.principal
      if (this.#principal !== undefined) this.#dialogue = undefined
      return { errorCode: ErrorCode.NONE, errorMessage: null, authBytes }
    } catch (error) {
      if (error instanceof SaslError) return this.#fail(ErrorCode.SASL_AUTHENTICATION_FAILED, error.message)
      throw error
    }
  }

  #fail(errorCode: ErrorCode, errorMessage: string): SaslAnswer {
    this.#failed = true
    return { errorCode, errorMessage, authBytes: NO_BYTES }
  }
}
