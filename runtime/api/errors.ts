/**
 * One family of errors. They are recognised by brand and `code`, never by class identity or message text, so that errors of
 * plugins with their own copy of this package are understood too.
 */
const BRAND: unique symbol = Symbol.for('naru.ConnectError') as never

export type ErrorCode =
  | 'CONNECT' // unexpected failure; the task or request fails
  | 'RETRIABLE' // transient; the runtime may call again
  | 'DATA' // this record cannot be processed; tolerable, goes to the dead letter queue
  | 'CONFIG' // a configuration value is wrong; names the key
  | 'FENCED' // somebody newer owns this work; stop at once
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'TIMEOUT'

export interface ErrorOptions {
  readonly cause?: unknown
}

export class ConnectError extends Error {
  readonly [BRAND] = true
  readonly code: ErrorCode
  constructor(message: string, options: ErrorOptions & { readonly code?: ErrorCode } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = options.code ?? 'CONNECT'
  }
  get retriable(): boolean {
    return this.code === 'RETRIABLE'
  }
}

/** Transient: poll and put are called again after a back-off. */
export class RetriableError extends ConnectError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'RETRIABLE' })
  }
}

/** This record, and only this record, cannot be processed. */
export class DataError extends ConnectError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'DATA' })
  }
}

/** A configuration key has a wrong value. `key` names it; the message says what was found and what would be right. */
export class ConfigError extends ConnectError {
  readonly key: string
  constructor(key: string, message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'CONFIG' })
    this.key = key
  }
  /** The message of Kafka's ConfigDef: `Invalid value V for configuration N: why`. */
  static invalid(key: string, value: unknown, why?: string): ConfigError {
    return new ConfigError(
      key,
      `Invalid value ${String(value)} for configuration ${key}${why === undefined ? '' : `: ${why}`}`,
    )
  }
}

export class FencedError extends ConnectError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'FENCED' })
  }
}

export class NotFoundError extends ConnectError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'NOT_FOUND' })
  }
}

export class ConflictError extends ConnectError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'CONFLICT' })
  }
}

export class TimeoutError extends ConnectError {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'TIMEOUT' })
  }
}

/** For the `default` branch of an exhaustive switch. */
export class UnreachableError extends ConnectError {
  constructor(value: never) {
    super(`unreachable: ${String(value)}`)
  }
}

export function isConnectError(error: unknown): error is ConnectError {
  return error instanceof Error && (error as { [BRAND]?: true })[BRAND] === true
}

/** The code of any thrown value; foreign errors count as `CONNECT`. */
export function errorCode(error: unknown): ErrorCode {
  return isConnectError(error) ? error.code : 'CONNECT'
}
