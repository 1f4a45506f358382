import { ErrorCode } from 'naru/protocol'

/** Clients older than PRODUCER_FENCED know its meaning by another code (KIP-588). */
export function fencedCode(errorCode: number, version: number, knownFrom: number): number {
  return errorCode === ErrorCode.PRODUCER_FENCED && version < knownFrom ? ErrorCode.INVALID_PRODUCER_EPOCH : errorCode
}
