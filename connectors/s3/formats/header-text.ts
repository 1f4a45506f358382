import { ByteWriter, DataError, plain } from 'naru/api'
import type { Header } from 'naru/api'
import { writeJsonValue } from './json-value.ts'

/** A header's value as text, as Connect's Values.convertToString: strings as they are, bytes in base64, the rest like JSON. */
export function headerText(header: Header): string {
  const value = plain(header.value)
  if (value === null || value === undefined) throw new DataError(`the header '${header.key}' has no value`)
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
  const out = new ByteWriter(256)
  writeJsonValue(out, value, header.schema, 'NUMERIC')
  return out.view().toString('utf8')
}
