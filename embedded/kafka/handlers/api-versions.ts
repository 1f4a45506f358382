import { APIS, ErrorCode } from 'naru/protocol'

import type { AnyHandler } from './handler.ts'
import { handler } from './handler.ts'

export interface VersionRange {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** What this broker serves. `served` is asked late: this API is among them. */
export function apiVersions(served: () => readonly AnyHandler[]): AnyHandler {
  return handler({
    api: APIS.ApiVersions,
    handle: () => ({ errorCode: ErrorCode.NONE, apiKeys: served().map(({ api }) => advertised(api)) }),
    failed: (_request, errorCode) => ({ errorCode, apiKeys: [] }),
  })
}

/**
 * The answer, in the form of version 0, to a version of ApiVersions that we do not know: with key 18 in it the client
 * learns which version to ask with (KIP-511).
 */
export function unsupportedApiVersions(): { readonly errorCode: number; readonly apiKeys: readonly VersionRange[] } {
  return { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: [advertised(APIS.ApiVersions)] }
}

/** The last versions before the newer transaction protocol (KIP-890), which this broker does not speak. */
const FIRST_TRANSACTION_PROTOCOL: ReadonlyMap<number, number> = new Map([
  [APIS.EndTxn.key, 4],
  [APIS.TxnOffsetCommit.key, 4],
])

function advertised(api: { key: number; minVersion: number; maxVersion: number }): VersionRange {
  // Produce is listed from 0 as Kafka 4 does: librdkafka takes a higher minimum for a broker that cannot compress.
  const maxVersion = Math.min(api.maxVersion, FIRST_TRANSACTION_PROTOCOL.get(api.key) ?? Infinity)
  const minVersion = api.key === APIS.Produce.key ? 0 : api.minVersion
  return { apiKey: api.key, minVersion, maxVersion }
}
