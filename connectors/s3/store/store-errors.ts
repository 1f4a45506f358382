/**
 * What a failed request means for the task. By S3's error codes and HTTP status, and the codes of Node's sockets: never by text.
 *
 * - retry: throttled, server trouble, no connection, no answer: try again, without end
 * - lost: the multipart upload is gone; its records must be read again
 * - exists: a conditional write found an object of that name
 * - fatal: wrong credentials, no such bucket, not allowed
 */
export type FailureKind = 'retry' | 'lost' | 'exists' | 'fatal'

interface SdkError extends Error {
  readonly code?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

const RETRY_NAMES = new Set([
  'SlowDown',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
  'InternalError',
  'ServiceUnavailable',
  'RequestTimeTooSkewed', // the SDK has corrected its clock
  'OperationAborted',
  'ConditionalRequestConflict',
  'IncompleteBody',
  'BadDigest', // damaged on the way
  'XAmzContentSHA256Mismatch',
  'CredentialsProviderError', // instance metadata or STS may be back soon
])

const RETRY_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPROTO',
  'ERR_STREAM_PREMATURE_CLOSE',
])

export function failureKind(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'fatal'
  const { name, code, $metadata } = error as SdkError
  if (name === 'NoSuchUpload' || name === 'InvalidPart') return 'lost'
  if (name === 'PreconditionFailed' || $metadata?.httpStatusCode === 412) return 'exists' // the name also within a 200
  if (RETRY_NAMES.has(name) || (code !== undefined && RETRY_CODES.has(code))) return 'retry'
  const status = $metadata?.httpStatusCode
  if (status === undefined || status === 501) return 'fatal' // 501: the store does not know what was asked
  return status >= 500 || status === 429 || status === 408 ? 'retry' : 'fatal'
}

/** S3's code and text, for messages. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { name, code, message } = error as SdkError
  const what = code ?? name
  return message === '' || message === what || message === 'UnknownError' ? what : `${what}: ${message}`
}
