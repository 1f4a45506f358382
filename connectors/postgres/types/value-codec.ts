import type { ByteWriter, Schema } from 'naru/api'
import { plainJson } from './plain-json.ts'

/** How the text of a value becomes JSON; the two commonest ways are inlined by the row encoder. */
export type TextForm = 'verbatim' | 'string' | 'custom'

/** One PostgreSQL type under the connector's settings: from the server's text to a plain value and to JSON bytes. */
export interface ValueCodec {
  /** Required form, without a default. */
  readonly schema: Schema
  readonly form: TextForm
  /** The plain value; null when the text has none in this mapping (numeric NaN). */
  decode(source: Buffer, start: number, end: number): unknown
  /** JSON; false, and nothing written, where decode gives null. */
  write(out: ByteWriter, source: Buffer, start: number, end: number): boolean
  /** Plain value of a NOT NULL column that an old-key tuple does not carry. */
  readonly fallback: unknown
  /** Plain value of an unchanged TOAST value; null when the type has no marker. */
  readonly unavailable: unknown
  /** What a default made by a function appears as in the schema; undefined: defaults of this type are not shown at all. */
  readonly defaultPlaceholder: unknown
}

export type CodecParts = Pick<ValueCodec, 'schema' | 'decode' | 'fallback'> &
  Partial<Pick<ValueCodec, 'form' | 'write' | 'unavailable' | 'defaultPlaceholder'>>

/** A codec from its essential parts; without `write` the JSON goes by way of the plain value. */
export function valueCodec(parts: CodecParts): ValueCodec {
  const { schema, decode } = parts
  return {
    form: 'custom',
    unavailable: null,
    defaultPlaceholder: undefined,
    write(out, source, start, end) {
      const value = decode(source, start, end)
      if (value === null) return false
      out.utf8(plainJson(schema, value))
      return true
    },
    ...parts,
  }
}

/** A codec that looks at the text as a JavaScript string. */
export function textCodec(
  parts: Omit<CodecParts, 'decode'> & { readonly parse: (text: string) => unknown },
): ValueCodec {
  const { parse, ...rest } = parts
  return valueCodec({ ...rest, decode: (source, start, end) => parse(source.utf8Slice(start, end)) })
}

declare global {
  // Node has it at run time; its type package leaves it out.
  interface Buffer {
    utf8Slice(start?: number, end?: number): string
    latin1Slice(start?: number, end?: number): string
  }
}
