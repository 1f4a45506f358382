import type { ByteWriter } from './byte-writer.ts'
import type { Schema } from './schema.ts'

export const ENCODED: unique symbol = Symbol.for('naru.EncodedValue') as never

/** A value still in its wire form. Who needs fields calls decode(); who only moves it copies bytes. */
export interface EncodedValue {
  readonly [ENCODED]: true
  readonly schema: Schema | undefined
  /** The plain value that the schema describes; computed once. */
  decode(): unknown
  /** Append this value as JSON (Connect's JSON mapping, no schema envelope) to `out`, without building it. */
  writeJson(out: ByteWriter): void
}

export function isEncoded(value: unknown): value is EncodedValue {
  return typeof value === 'object' && value !== null && (value as { [ENCODED]?: true })[ENCODED] === true
}

/** The plain value: decodes an encoded one, passes every other through. */
export function plain(value: unknown): unknown {
  return isEncoded(value) ? value.decode() : value
}
