/** SASL PLAIN (RFC 4616): `[authorization id] NUL user NUL password`. */
import { timingSafeEqual } from 'node:crypto'

import type { SaslDialogue } from './sasl-dialogue.ts'
import { SaslError } from './sasl-error.ts'

export class PlainServer implements SaslDialogue {
  readonly #users: ReadonlyMap<string, string>
  principal: string | undefined

  constructor(users: ReadonlyMap<string, string>) {
    this.#users = users
  }

  respond(message: Buffer): Buffer {
    const [authorizationId, user, password, ...more] = message.toString('utf8').split('\0')
    if (user === undefined || password === undefined || more.length > 0) {
      throw new SaslError('Invalid SASL/PLAIN response: expected 3 tokens')
    }
    if (authorizationId !== '' && authorizationId !== user) {
      throw new SaslError('Authentication failed: Client requested an authorization id that is different from username')
    }
    if (!same(this.#users.get(user), password))
      throw new SaslError('Authentication failed: Invalid username or password')
    this.principal = user
    return Buffer.alloc(0)
  }
}

function same(expected: string | undefined, given: string): boolean {
  if (expected === undefined) return false
  const [a, b] = [Buffer.from(expected), Buffer.from(given)]
  return a.length === b.length && timingSafeEqual(a, b)
}
