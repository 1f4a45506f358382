import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { macDigest } from '../config/mac-algorithms.ts'
import type { SessionKey } from '../storage/config-records.ts'
import { HttpError } from './error-response.ts'
import type { Call } from './route.ts'

/** Headers of requests between workers (KIP-507). */
const SIGNATURE = 'X-Connect-Authorization'
const ALGORITHM = 'X-Connect-Request-Signature-Algorithm'

export function signatureHeaders(body: Buffer, key: SessionKey, algorithm: string): Readonly<Record<string, string>> {
  return { [SIGNATURE]: sign(body, key, algorithm).toString('base64'), [ALGORITHM]: algorithm }
}

/** For routes that only workers may call: throws unless the request is signed, where the group's protocol has signatures. */
export function verifyInternal({ herder, request, body }: Call): void {
  const { config, configs, group } = herder.parts
  if (config.mode !== 'distributed' || group.protocol !== 'sessioned') return
  verifySignature({
    headers: request.headers,
    body,
    key: configs.state.sessionKey,
    accepted: config.distributed['inter.worker.verification.algorithms'],
  })
}

/** Throws unless the body was signed with the session key by an algorithm that this worker accepts. */
export function verifySignature(options: {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly key: SessionKey | undefined
  readonly accepted: readonly string[]
}): void {
  const { headers, body, key, accepted } = options
  const signature = headers[SIGNATURE.toLowerCase()]
  const algorithm = headers[ALGORITHM.toLowerCase()]
  if (typeof signature !== 'string' || typeof algorithm !== 'string')
    throw new HttpError(400, 'Internal request missing required signature')
  if (!accepted.includes(algorithm))
    throw new HttpError(
      400,
      `This worker does not support the '${algorithm}' key signing algorithm used by other workers. ` +
        `This worker is currently configured to use: [${accepted.join(', ')}]. ` +
        "Check that all workers' configuration files permit the same set of signature algorithms, " +
        'and correct any misconfigured worker and restart it.',
    )
  if (key === undefined)
    throw new HttpError(
      503,
      'This worker is still starting up and has not been able to read a session key from the config topic yet',
    )
  const expected = sign(body, key, algorithm)
  const given = Buffer.from(signature, 'base64')
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new HttpError(403, 'Internal request contained invalid signature.')
}

/** `algorithm`: one that the worker's config lists, and thereby a known one. */
function sign(body: Buffer, key: SessionKey, algorithm: string): Buffer {
  return createHmac(macDigest(algorithm), Buffer.from(key.key, 'base64')).update(body).digest()
}
