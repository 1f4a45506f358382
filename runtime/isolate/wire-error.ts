import { ConfigError, ConnectError, errorCode } from '../api/index.ts'
import type { ErrorCode } from '../api/index.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'

/** An error on its way between threads; structured cloning would lose its class and code. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  /** ConfigError */
  readonly key?: string
  readonly trace: string
}

export function toWire(error: unknown): WireError {
  const message = error instanceof Error ? error.message : String(error)
  const key = (error as { key?: unknown } | undefined)?.key
  const wire = { code: errorCode(error), message, trace: stackTrace(error) }
  return typeof key === 'string' ? { ...wire, key } : wire
}

export function fromWire(wire: WireError): ConnectError {
  const error =
    wire.key === undefined
      ? new ConnectError(wire.message, { code: wire.code })
      : new ConfigError(wire.key, wire.message)
  error.stack = wire.trace
  return error
}
