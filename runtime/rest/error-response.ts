import { errorCode } from '../api/errors.ts'
import { http } from '../async/node-builtins.ts'
import { ForbiddenError } from '../herder/connector-statuses.ts'

/** An answer other than success that REST itself decides on. */
export class HttpError extends Error {
  readonly status: number
  constructor(status: number, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.status = status
  }

  /** In the words of the framework under Kafka Connect: `HTTP 404 Not Found`. */
  static plain(status: number): HttpError {
    return new HttpError(status, `HTTP ${status} ${http.STATUS_CODES[status] ?? ''}`)
  }
}

/** JSON of every error answer. */
export interface ErrorBody {
  readonly error_code: number
  readonly message: string | null
}

/** The one place that turns errors into status codes. */
export function errorResponse(error: unknown): ErrorBody {
  return { error_code: statusOf(error), message: error instanceof Error ? error.message : String(error) }
}

function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status
  if (error instanceof ForbiddenError) return 403
  const code = errorCode(error)
  switch (code) {
    case 'NOT_FOUND':
      return 404
    case 'CONFLICT':
      return 409
    case 'CONFIG':
      return 400
    case 'CONNECT':
    case 'RETRIABLE':
    case 'DATA':
    case 'FENCED':
    case 'TIMEOUT':
      return 500
  }
}
