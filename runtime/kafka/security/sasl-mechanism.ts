/** One authentication: what is sent, and what the broker must answer. */
export interface SaslExchange {
  /** The first message, or the one after the broker's `challenge`; undefined: the exchange is over. Throws when the broker is not who it should be. */
  next(challenge: Buffer | undefined): Promise<Buffer | undefined> | Buffer | undefined
}

/** How a client proves who it is. Holds secrets: not to be logged. */
export interface SaslMechanism {
  /** As in sasl.mechanism. */
  readonly name: string
  begin(): SaslExchange
}

/** RFC 4616. */
export function plain(username: string, password: string): SaslMechanism {
  return {
    name: 'PLAIN',
    begin: () => ({
      next: (challenge) => (challenge === undefined ? Buffer.from(`\0${username}\0${password}`) : undefined),
    }),
  }
}
