import { connectJson, parseConnectJson } from '../api/connect-json.ts'
import type { SourceOffset, SourcePartition } from '../api/record.ts'

/**
 * Keys and values of the offset topic, byte for byte as Kafka Connect writes them: key `["<connector>",{<partition>}]`, value
 * `{<offset>}` or null for a removed one. Compaction and lookups compare key bytes, so the field order is part of the key.
 */
export interface OffsetKey {
  readonly connector: string
  /** `null` is legal in the topic; it is never listed. */
  readonly partition: SourcePartition | null
}

export function offsetKey(connector: string, partition: SourcePartition | null): Buffer {
  return Buffer.from(connectJson([connector, partition]))
}

export function offsetValue(offset: SourceOffset): Buffer {
  return Buffer.from(connectJson(offset))
}

/** `undefined` for bytes that are not an offset key. */
export function parseOffsetKey(key: Uint8Array | null): OffsetKey | undefined {
  if (key === null) return undefined
  const parsed = parseConnectJson(utf8(key))
  if (!Array.isArray(parsed) || parsed.length !== 2) return undefined
  const [connector, partition] = parsed as readonly unknown[]
  if (typeof connector !== 'string') return undefined
  if (partition === null) return { connector, partition }
  return isMap(partition) ? { connector, partition } : undefined
}

/** `undefined` for a tombstone and for bytes that are not a map. Integers are numbers when safe, else bigint. */
export function parseOffsetValue(value: Uint8Array | null): SourceOffset | undefined {
  if (value === null) return undefined
  const parsed = parseConnectJson(utf8(value))
  return isMap(parsed) ? parsed : undefined
}

function isMap(value: unknown): value is SourcePartition {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}
