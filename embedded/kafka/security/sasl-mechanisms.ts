/** The ways in which a client proves who it is, each as a dialogue of messages. */
import { OAuthBearerServer } from './oauth-bearer-server.ts'
import { PlainServer } from './plain-server.ts'
import type { SaslDialogue } from './sasl-dialogue.ts'
import { ScramCredentials, ScramServer } from './scram-server.ts'

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'

export interface SaslOptions {
  readonly mechanisms: readonly SaslMechanism[]
  /** Passwords by name. OAUTHBEARER takes unsecured tokens of any subject. */
  readonly users: Readonly<Record<string, string>>
}

/** What a listener knows of its users; computed once, since SCRAM hashes some thousand times. */
export class SaslAuthority {
  readonly mechanisms: readonly SaslMechanism[]
  readonly #users: ReadonlyMap<string, string>
  readonly #scram = new Map<string, ScramCredentials>()

  constructor({ mechanisms, users }: SaslOptions) {
    this.mechanisms = mechanisms
    this.#users = new Map(Object.entries(users))
  }

  begin(mechanism: SaslMechanism): SaslDialogue {
    switch (mechanism) {
      case 'PLAIN':
        return new PlainServer(this.#users)
      case 'SCRAM-SHA-256':
        return new ScramServer('sha256', (user) => this.#credentials('sha256', user))
      case 'SCRAM-SHA-512':
        return new ScramServer('sha512', (user) => this.#credentials('sha512', user))
      case 'OAUTHBEARER':
        return new OAuthBearerServer(Date.now)
    }
  }

  #credentials(hash: 'sha256' | 'sha512', user: string): ScramCredentials | undefined {
    const password = this.#users.get(user)
    if (password === undefined) return undefined
    const key = `${hash} ${user}`
    const known = this.#scram.get(key) ?? ScramCredentials.of(hash, password)
    this.#scram.set(key, known)
    return known
  }
}
