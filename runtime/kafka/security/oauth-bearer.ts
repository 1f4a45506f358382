import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ConnectError } from '../../api/errors.ts'
import { http, https } from '../../async/node-builtins.ts'
import { networkError } from '../kafka-errors.ts'
import type { SaslExchange, SaslMechanism } from './sasl-mechanism.ts'
import type { TlsOptions } from './ssl-options.ts'

const REQUEST_TIMEOUT_MS = 10_000
/** A token is used for this part of its life (sasl.login.refresh.window.factor). */
const REFRESH_FACTOR = 0.8

export interface BearerToken {
  readonly value: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export type TokenSource = () => Promise<BearerToken>

/** RFC 7628, KIP-255. The token is asked for once and shared by connections until most of its life is over. */
export function oauthBearer(source: TokenSource, extensions: Readonly<Record<string, string>>): SaslMechanism {
  let token: Promise<BearerToken> | undefined
  let renewAt = 0
  const current = async (): Promise<BearerToken> => {
    if (token === undefined || Date.now() >= renewAt) {
      const asked = (token = source())
      renewAt = Infinity
      try {
        const { expiresAt } = await asked
        const now = Date.now()
        renewAt = now + Math.max(0, expiresAt - now) * REFRESH_FACTOR
      } catch (error) {
        if (token === asked) token = undefined
        throw error
      }
    }
    return await token
  }
  return { name: 'OAUTHBEARER', begin: () => new BearerExchange(current, extensions) }
}

class BearerExchange implements SaslExchange {
  readonly #token: TokenSource
  readonly #extensions: Readonly<Record<string, string>>
  #refusal: string | undefined

  constructor(token: TokenSource, extensions: Readonly<Record<string, string>>) {
    this.#token = token
    this.#extensions = extensions
  }

  async next(challenge: Buffer | undefined): Promise<Buffer | undefined> {
    if (challenge === undefined) {
      const { value } = await this.#token()
      const pairs = [`auth=Bearer ${value}`, ...Object.entries(this.#extensions).map(([key, text]) => `${key}=${text}`)]
      return Buffer.from(`n,,\x01${pairs.join('\x01')}\x01\x01`)
    }
    // a refusal comes as JSON, is to be answered with one byte, and only then the broker ends the exchange with an error
    if (this.#refusal !== undefined) throw new ConnectError(`OAUTHBEARER authentication failed: ${this.#refusal}`)
    if (challenge.length === 0) return undefined
    this.#refusal = String(challenge)
    return Buffer.from('\x01')
  }
}

/** A token of the client credentials grant (RFC 6749, 4.4) from an endpoint, or the content of a `file:` URL. */
export function tokenEndpoint(options: {
  readonly url: URL
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string | undefined
  readonly tls: TlsOptions
}): TokenSource {
  const { url, clientId, clientSecret, scope, tls } = options
  return async () => {
    if (url.protocol === 'file:') return tokenOf((await readFile(fileURLToPath(url), 'utf8')).trim(), undefined)
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) })
    const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)
    const answer = await post(url, String(body), `Basic ${credentials.toString('base64')}`, tls)
    const { access_token: value, expires_in: seconds } = answer as { access_token?: string; expires_in?: number }
    if (typeof value !== 'string' || value === '')
      throw new ConnectError(`the token endpoint ${url.origin}${url.pathname} answered without an access_token`)
    return tokenOf(value, seconds)
  }
}

/** The end of its life as the endpoint says, or as the JWT says (`exp`), or an hour. */
function tokenOf(value: string, seconds: number | undefined): BearerToken {
  if (typeof seconds === 'number' && seconds > 0) return { value, expiresAt: Date.now() + seconds * 1000 }
  try {
    const claims = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString()) as { exp?: number }
    if (typeof claims.exp === 'number') return { value, expiresAt: claims.exp * 1000 }
  } catch {
    // opaque, not a JWT
  }
  return { value, expiresAt: Date.now() + 3_600_000 }
}

/** KIP-255's tokens for development: signed by nobody (`alg: none`). */
export function unsecuredToken(options: Readonly<Record<string, string>>): TokenSource {
  return async () => {
    const now = Date.now() / 1000
    const lifetime = Number(options['unsecuredLoginLifetimeSeconds'] ?? 3600)
    const claims: Record<string, unknown> = { iat: now, exp: now + lifetime }
    for (const [name, value] of Object.entries(options)) {
      const claim = /^unsecuredLogin(String|Number|List)Claim_(.+)$/.exec(name)
      if (claim === null) continue
      const [, type, key] = claim
      if (type === 'String') claims[key!] = value
      else if (type === 'Number') claims[key!] = Number(value)
      // the first character separates: ",a,b"
      else claims[key!] = value.slice(1).split(value.charAt(0))
    }
    const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')
    return { value: `${encode({ alg: 'none' })}.${encode(claims)}.`, expiresAt: (now + lifetime) * 1000 }
  }
}

async function post(url: URL, body: string, authorization: string, tls: TlsOptions): Promise<unknown> {
  const doing = `ask ${url.origin}${url.pathname} for a token`
  const headers = {
    authorization,
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
  }
  const options = { method: 'POST', headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }
  const send = url.protocol === 'https:' ? https().request : http.request
  const { status, content } = await new Promise<{ status: number; content: string }>((resolve, reject) => {
    const request = send(url, url.protocol === 'https:' ? { ...options, ...tls } : options, (response) => {
      text(response).then((content) => resolve({ status: response.statusCode ?? 0, content }), reject)
    })
    request.on('error', reject)
    request.end(body)
  }).catch((error: unknown) => {
    throw networkError(doing, error)
  })
  if (status >= 500) throw networkError(doing, new Error(`status ${status}`))
  if (status !== 200) throw new ConnectError(`cannot ${doing}: status ${status}: check client id, secret and scope`)
  try {
    return JSON.parse(content)
  } catch (error) {
    throw new ConnectError(`cannot ${doing}: the answer is not JSON`, { cause: error })
  }
}
