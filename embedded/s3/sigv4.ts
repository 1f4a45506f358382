import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { S3Error } from './s3-error.ts'

/**
 * AWS Signature Version 4 for S3, in the Authorization header and in presigned URLs.
 * docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
export interface SignedRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What the signatures of body chunks continue from. */
export interface Signature {
  readonly key: Buffer
  readonly scope: string
  /** `YYYYMMDDTHHMMSSZ` */
  readonly date: string
  readonly signature: string
  /** Hex SHA-256 of the body, or `UNSIGNED-PAYLOAD`, or one of the `STREAMING-…` names. */
  readonly payload: string
}

const MAX_SKEW_MS = 15 * 60 * 1000
const EMPTY_SHA256 = sha256('')

interface Claim {
  readonly accessKeyId: string
  /** `DATE/REGION/s3/aws4_request` */
  readonly scope: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly date: string
  readonly payload: string
  readonly presigned: boolean
}

/** Throws S3Error unless `request` is signed with `credentials` about now. */
export function verifySignature(request: SignedRequest, credentials: Credentials, nowMs = Date.now()): Signature {
  const query = parseQuery(request.url)
  const claim = query.some(([name]) => name === 'X-Amz-Signature')
    ? claimOfQuery(query, nowMs)
    : claimOfHeader(request, nowMs)
  if (claim.accessKeyId !== credentials.accessKeyId) throw new S3Error('InvalidAccessKeyId')
  const key = signingKey(credentials.secretAccessKey, claim.scope)
  const canonical = canonicalRequest(request, query, claim)
  const text = ['AWS4-HMAC-SHA256', claim.date, claim.scope, sha256(canonical)].join('\n')
  if (!sameHex(hmac(key, text).toString('hex'), claim.signature)) throw new S3Error('SignatureDoesNotMatch')
  return { key, scope: claim.scope, date: claim.date, signature: claim.signature, payload: claim.payload }
}

/** The signature of one body chunk, chained to the one before. `chunkHash` is the hex SHA-256 of its bytes. */
export function chunkSignature(of: Signature, previous: string, chunkHash: string): string {
  const text = ['AWS4-HMAC-SHA256-PAYLOAD', of.date, of.scope, previous, EMPTY_SHA256, chunkHash].join('\n')
  return hmac(of.key, text).toString('hex')
}

/** The signature of the trailing headers; `trailer` is `name:value\n` for each. */
export function trailerSignature(of: Signature, previous: string, trailer: string): string {
  const text = ['AWS4-HMAC-SHA256-TRAILER', of.date, of.scope, previous, sha256(trailer)].join('\n')
  return hmac(of.key, text).toString('hex')
}

export function sameHex(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

function claimOfHeader(request: SignedRequest, nowMs: number): Claim {
  const authorization = header(request, 'authorization')
  if (authorization === '') throw new S3Error('AccessDenied')
  const match =
    /^AWS4-HMAC-SHA256\s+Credential=([^/,]+)\/([^,]+?)\s*,\s*SignedHeaders=([^,]+?)\s*,\s*Signature=([0-9a-f]+)$/.exec(
      authorization.trim(),
    )
  if (!match) throw new S3Error('AuthorizationHeaderMalformed')
  const [, accessKeyId = '', scope = '', signedHeaders = '', signature = ''] = match
  const date = header(request, 'x-amz-date')
  const time = parseDate(date)
  if (time === undefined)
    throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
  if (Math.abs(nowMs - time) > MAX_SKEW_MS) throw new S3Error('RequestTimeTooSkewed')
  const payload = header(request, 'x-amz-content-sha256')
  if (payload === '')
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  return { accessKeyId, scope, signedHeaders: signedHeaders.split(';'), signature, date, payload, presigned: false }
}

function claimOfQuery(query: readonly (readonly [string, string])[], nowMs: number): Claim {
  const value = (name: string): string => query.find(([n]) => n === name)?.[1] ?? ''
  const [accessKeyId = '', ...scope] = value('X-Amz-Credential').split('/')
  const date = value('X-Amz-Date')
  const time = parseDate(date)
  const seconds = Number(value('X-Amz-Expires'))
  if (time === undefined || !(seconds > 0) || seconds > 604800 || value('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256')
    throw new S3Error('AuthorizationQueryParametersError')
  if (nowMs > time + seconds * 1000) throw new S3Error('AccessDenied', 'Request has expired')
  return {
    accessKeyId,
    scope: scope.join('/'),
    signedHeaders: value('X-Amz-SignedHeaders').split(';'),
    signature: value('X-Amz-Signature'),
    date,
    payload: value('X-Amz-Content-Sha256') || 'UNSIGNED-PAYLOAD',
    presigned: true,
  }
}

function canonicalRequest(request: SignedRequest, query: readonly (readonly [string, string])[], claim: Claim): string {
  const path = request.url.split('?', 1)[0] ?? '/'
  const canonicalPath = path
    .split('/')
    .map((segment) => uriEncode(decode(segment)))
    .join('/')
  const canonicalQuery = query
    .filter(([name]) => !(claim.presigned && name === 'X-Amz-Signature'))
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort()
    .join('&')
  const headers = claim.signedHeaders.map((name) => `${name}:${header(request, name).trim().replace(/\s+/g, ' ')}\n`)
  return [
    request.method,
    canonicalPath,
    canonicalQuery,
    headers.join(''),
    claim.signedHeaders.join(';'),
    claim.payload,
  ].join('\n')
}

function header(request: SignedRequest, name: string): string {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

export function parseQuery(url: string): readonly (readonly [string, string])[] {
  const start = url.indexOf('?')
  if (start < 0 || start === url.length - 1) return []
  return url
    .slice(start + 1)
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0
        ? ([decode(pair.replaceAll('+', ' ')), ''] as const)
        : ([
            decode(pair.slice(0, equals).replaceAll('+', ' ')),
            decode(pair.slice(equals + 1).replaceAll('+', ' ')),
          ] as const)
    })
}

export function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw Object.assign(new S3Error('InvalidArgument', `"${text}" is not percent-encoded UTF-8`), { cause })
  }
}

/** RFC 3986: everything but unreserved characters. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function parseDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match.map(Number)
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
}

function signingKey(secret: string, scope: string): Buffer {
  const [date = '', region = '', service = '', terminator = ''] = scope.split('/')
  return hmac(hmac(hmac(hmac(Buffer.from(`AWS4${secret}`), date), region), service), terminator)
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
