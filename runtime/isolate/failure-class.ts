import { errorCode } from '../api/index.ts'
import type { FailureClass } from '../config/recovery-keys.ts'

/** Node's codes for connections that may work the next time. */
const TRANSIENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
])

const DEEPEST = 16

/**
 * What a failure is to one who may start the task again. The outermost error that says something decides; one that says nothing
 * (a plain Error, a ConnectError that only wraps) leaves the word to its cause.
 */
export function failureClass(error: unknown): FailureClass {
  let each = error
  for (let depth = 0; each !== undefined && each !== null && depth < DEEPEST; depth++) {
    const found = ofOne(each)
    if (found !== undefined) return found
    each = (each as { cause?: unknown }).cause
  }
  return 'crash'
}

function ofOne(error: unknown): FailureClass | undefined {
  const code = errorCode(error)
  switch (code) {
    case 'RETRIABLE':
    case 'TIMEOUT':
      return 'retriable'
    case 'DATA':
      return 'data'
    case 'CONFIG':
      return 'config'
    case 'FENCED':
      return 'fenced'
    case 'CONNECT':
    case 'NOT_FOUND':
    case 'CONFLICT':
      break
  }
  const system = (error as { code?: unknown }).code
  if (typeof system === 'string' && TRANSIENT.has(system)) return 'retriable'
  const { name } = error as { name?: unknown }
  return name === 'TimeoutError' ? 'retriable' : undefined
}
