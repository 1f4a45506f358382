import { ConnectError, isConnectError } from '../../api/errors.ts'
import { throwOn } from '../kafka-errors.ts'
import { ErrorCode, SaslAuthenticate, SaslHandshake } from '../protocol/index.ts'
import type { Api, Fields, Message, MessageInput } from '../protocol/index.ts'
import type { SaslMechanism } from './sasl-mechanism.ts'

/** A connection to a broker. */
interface Channel {
  /** host:port */
  readonly name: string
  version<Q extends Fields, S extends Fields>(api: Api<Q, S>): number
  send<Q extends Fields, S extends Fields>(
    api: Api<Q, S>,
    version: number,
    request: MessageInput<Q>,
  ): Promise<Message<S> | undefined>
}

/**
 * Proves to a broker who we are (KIP-152). Answers for how many milliseconds it lasts, 0: for ever (KIP-368). Wrong credentials are an
 * error that is not retriable.
 */
export async function authenticate(connection: Channel, mechanism: SaslMechanism): Promise<number> {
  const doing = `authenticate with ${connection.name}`
  const handshake = (await connection.send(SaslHandshake, connection.version(SaslHandshake), {
    mechanism: mechanism.name,
  }))!
  if (handshake.errorCode === ErrorCode.UNSUPPORTED_SASL_MECHANISM)
    throw new ConnectError(
      `cannot ${doing}: it does not offer sasl.mechanism=${mechanism.name}, only ${handshake.mechanisms.join(', ')}`,
    )
  if (handshake.errorCode === ErrorCode.ILLEGAL_SASL_STATE)
    throw new ConnectError(`cannot ${doing}: its listener does not ask for SASL; check security.protocol`)
  throwOn(handshake.errorCode, doing)
  const version = connection.version(SaslAuthenticate)
  const exchange = mechanism.begin()
  let challenge: Buffer | undefined
  let lifetimeMs = 0
  for (;;) {
    let authBytes: Buffer | undefined
    try {
      authBytes = await exchange.next(challenge)
    } catch (error) {
      if (isConnectError(error)) throw error
      throw new ConnectError(`cannot ${doing}: ${(error as Error).message}`, { cause: error })
    }
    if (authBytes === undefined) return lifetimeMs
    const answer = (await connection.send(SaslAuthenticate, version, { authBytes }))!
    throwOn(answer.errorCode, doing, answer.errorMessage)
    challenge = answer.authBytes
    lifetimeMs = Math.max(lifetimeMs, answer.sessionLifetimeMs)
  }
}
