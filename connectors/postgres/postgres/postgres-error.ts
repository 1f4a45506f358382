/** An ErrorResponse of the server. Decide by `code` (SQLSTATE), never by the text. */
export class PostgresError extends Error {
  /** SQLSTATE, or `08006` for a connection that ended without one. */
  readonly code: string
  readonly detail: string | undefined
  readonly hint: string | undefined
  constructor(message: string, code: string, options: { detail?: string; hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'PostgresError'
    this.code = code
    this.detail = options.detail
    this.hint = options.hint
  }
}

export const CONNECTION_LOST = '08006'

/** A certificate or key named in the options that cannot be read. It does not heal by itself, so it carries no errno. */
export class TlsFileError extends Error {
  readonly option: 'sslRootCert' | 'sslCert' | 'sslKey'

  constructor(option: TlsFileError['option'], path: string, cause: unknown) {
    super(`cannot read ${path}: ${(cause as Error).message}`, { cause })
    this.name = 'TlsFileError'
    this.option = option
  }
}

/** Fields of an ErrorResponse body: a code byte and a NUL-terminated text each. */
export function parseErrorResponse(body: Buffer): PostgresError {
  const fields = new Map<string, string>()
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1)
    if (end < 0) break
    fields.set(String.fromCharCode(body[at]!), body.utf8Slice(at + 1, end))
    at = end + 1
  }
  return new PostgresError(fields.get('M') ?? 'unknown server error', fields.get('C') ?? 'XX000', {
    ...(fields.has('D') ? { detail: fields.get('D')! } : {}),
    ...(fields.has('H') ? { hint: fields.get('H')! } : {}),
  })
}

/** What pg says, without a code, when the connection ended under a statement or before it. */
const LOST =
  /^(Connection terminated|timeout expired|Client (has encountered a connection error|was closed) and is not queryable)/

/** SQLSTATE of a server error (`08006` for a connection that has ended), errno name (`ECONNREFUSED`) of a socket error, or ''. */
export function errorStateOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown }
  if (typeof code === 'string') return code
  return typeof message === 'string' && LOST.test(message) ? CONNECTION_LOST : ''
}

/** A socket or name service error; ERR_… is Node's own and tells of a wrong setting, e.g. of TLS. */
const ERRNO = /^E(?!RR_)[A-Z_]+$/

/**
 * Will the same attempt work later without anybody changing a setting? Everything but: authorisation (28), unknown database,
 * slot or publication (3D, 42), unsupported (0A), data errors (22), missing rights (42501), wrong parameters (55000).
 * Debezium retries every SQL error except class 28, for ever; a missing slot never comes back by itself.
 */
export function isTransient(error: unknown): boolean {
  const state = errorStateOf(error)
  if (ERRNO.test(state)) return true
  if (state.length !== 5) return false
  switch (state.slice(0, 2)) {
    case '08': // connection
    case '40': // rollback, deadlock
    case '53': // resources, too many connections
    case '57': // shutdown, starting up, cancelled
    case '58': // system error
      return true
    default:
      return state === '55006' || state === '55P03' // in use, lock not available
  }
}
