import type { AnyApi } from './api.ts'
import { apiByKey } from './api-keys.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/**
 * Reads a request's header (the four bytes of the frame's length are behind already). Tags follow when the API is flexible in that
 * version; for an API or version without a table the reader stays behind the client id.
 */
export function readRequestHeader(reader: Reader): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const clientId = reader.nullableString()
  const api = apiByKey(apiKey)
  if (api !== undefined && api.supports(apiVersion) && api.requestHeaderVersion(apiVersion) === 2) reader.skipTags()
  return { apiKey, apiVersion, correlationId, clientId }
}

export function writeRequestHeader(writer: Writer, api: AnyApi, header: Omit<RequestHeader, 'apiKey'>): void {
  writer.int16(api.key)
  writer.int16(header.apiVersion)
  writer.int32(header.correlationId)
  writer.nullableString(header.clientId)
  if (api.requestHeaderVersion(header.apiVersion) === 2) writer.uvarint(0)
}

/** Answers the correlation id. */
export function readResponseHeader(reader: Reader, api: AnyApi, version: number): number {
  const correlationId = reader.int32()
  if (api.responseHeaderVersion(version) === 1) reader.skipTags()
  return correlationId
}

export function writeResponseHeader(writer: Writer, api: AnyApi, version: number, correlationId: number): void {
  writer.int32(correlationId)
  if (api.responseHeaderVersion(version) === 1) writer.uvarint(0)
}
