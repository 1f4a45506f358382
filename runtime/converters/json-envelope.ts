import { DataError } from '../api/index.ts'
import type { Schema } from '../api/index.ts'
import { malformed } from './encoded-json.ts'
import { parseJson } from './json-reader.ts'
import { schemaFromJson } from './json-schema-codec.ts'
import type { JsonScanner } from './json-scanner.ts'
import { skipSpace } from './json-scanner.ts'

const NO_ENVELOPE =
  'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. ' +
  'If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.'

export interface Payload {
  readonly schema: Schema | undefined
  readonly start: number
  readonly end: number
}

/**
 * Opens `{"schema":…,"payload":…}` without parsing the payload. Schemas are parsed once: as long as records begin with the same bytes as
 * the one before, its schema object is used again; other schemas are found by their text.
 */
export class EnvelopeReader {
  readonly #scanner: JsonScanner
  readonly #cacheSize: number
  readonly #schemas = new Map<string, Schema | undefined>()
  #lastPrefix: Buffer = Buffer.alloc(0)
  #lastSchema: Schema | undefined

  constructor(scanner: JsonScanner, cacheSize: number) {
    this.#scanner = scanner
    this.#cacheSize = cacheSize
  }

  /** After it the scanner tells about the payload. */
  open(bytes: Buffer): Payload {
    const prefix = this.#lastPrefix
    if (
      prefix.length > 0 &&
      bytes.length > prefix.length &&
      bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0
    ) {
      const end = this.#scanner.scan(bytes, prefix.length)
      if (end >= 0 && bytes[skipSpace(bytes, end)] === 0x7d)
        return { schema: this.#lastSchema, start: prefix.length, end }
    }
    return this.#openAny(bytes)
  }

  #openAny(bytes: Buffer): Payload {
    const parts = this.#topLevel(bytes)
    const [schemaAt, payloadAt] = [parts.get('schema'), parts.get('payload')]
    if (parts.size !== 2 || schemaAt === undefined || payloadAt === undefined) throw new DataError(NO_ENVELOPE)
    const schema = this.#schemaOf(bytes.toString('utf8', schemaAt.start, schemaAt.end))
    if (schemaAt.start < payloadAt.start) {
      // A copy: the bytes belong to a fetched batch, which this would keep in memory.
      this.#lastPrefix = Buffer.from(bytes.subarray(0, payloadAt.start))
      this.#lastSchema = schema
    }
    this.#scanner.scan(bytes, payloadAt.start)
    return { schema, ...payloadAt }
  }

  #topLevel(bytes: Buffer): Map<string, { start: number; end: number }> {
    const parts = new Map<string, { start: number; end: number }>()
    let at = skipSpace(bytes, 0)
    if (bytes[at] !== 0x7b) {
      if (bytes.length > 0 && this.#scanner.scan(bytes, at) < 0) throw malformed('not well formed JSON')
      throw new DataError(NO_ENVELOPE)
    }
    at = skipSpace(bytes, at + 1)
    while (bytes[at] === 0x22) {
      const keyEnd = this.#end(bytes, at)
      const key = parseJson(bytes.toString('utf8', at, keyEnd)) as string
      at = skipSpace(bytes, keyEnd)
      if (bytes[at] !== 0x3a) throw malformed('a colon is missing after a name')
      const start = skipSpace(bytes, at + 1)
      const end = this.#end(bytes, start)
      parts.set(key, { start, end })
      at = skipSpace(bytes, end)
      if (bytes[at] === 0x7d) return parts
      if (bytes[at] !== 0x2c) throw malformed('a comma is missing between members')
      at = skipSpace(bytes, at + 1)
    }
    if (bytes[at] === 0x7d && parts.size === 0) return parts
    throw malformed('the object does not end')
  }

  #end(bytes: Buffer, start: number): number {
    const end = this.#scanner.scan(bytes, start)
    if (end < 0) throw malformed('not well formed JSON')
    return end
  }

  #schemaOf(text: string): Schema | undefined {
    if (this.#schemas.has(text)) return this.#schemas.get(text)
    const schema = schemaFromJson(parseJson(text, 'typed'))
    if (this.#schemas.size >= this.#cacheSize) this.#schemas.delete(this.#schemas.keys().next().value!)
    this.#schemas.set(text, schema)
    return schema
  }
}
