import { DataError, ENCODED } from '../api/index.ts'
import type { ByteWriter, EncodedValue, Schema } from '../api/index.ts'
import { fromJson, holdsDecimal, parseJson } from './json-reader.ts'
import { SerializationError } from './serialization-error.ts'

/**
 * A JSON object or array as it was read. Moving it copies the bytes; it is parsed when somebody looks inside.
 *
 * Known difference from Connect, where each value is decoded and encoded again: when nothing looks inside, what a schema would change on the
 * way (absent optional fields become null, loosely typed scalars are coerced) stays as the producer wrote it.
 */
export class EncodedJson implements EncodedValue {
  readonly [ENCODED] = true as const
  readonly schema: Schema | undefined
  readonly #bytes: Buffer
  readonly #spaced: boolean
  readonly #replaceNull: boolean
  #value: unknown

  /** `bytes`: exactly one well formed JSON value; `spaced`: there is white space between its tokens. They must not change afterwards. */
  constructor(schema: Schema | undefined, bytes: Buffer, spaced: boolean, replaceNull: boolean) {
    this.schema = schema
    this.#bytes = bytes
    this.#spaced = spaced
    this.#replaceNull = replaceNull
  }

  decode(): unknown {
    return (this.#value ??= decodeJson(this.schema, this.#bytes, this.#replaceNull))
  }

  /** White space between tokens is left out: formats that put one record on a line rely on it. */
  writeJson(out: ByteWriter): void {
    if (this.#spaced) writeCompact(out, this.#bytes)
    else out.bytes(this.#bytes)
  }
}

/** The plain value of JSON bytes. Throws DataError when they do not fit the schema. */
export function decodeJson(schema: Schema | undefined, bytes: Buffer, replaceNull: boolean): unknown {
  const text = bytes.toString('utf8')
  try {
    return schema === undefined
      ? parseJson(text)
      : fromJson(schema, parseJson(text, holdsDecimal(schema) ? 'exact' : 'typed'), replaceNull)
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed(error.message)
    throw error
  }
}

export function malformed(why: string): DataError {
  return new DataError('Converting byte[] to Kafka Connect data failed due to serialization error: ', {
    cause: new SerializationError(why),
  })
}

function writeCompact(out: ByteWriter, bytes: Buffer): void {
  out.reserve(bytes.length)
  const { buffer } = out
  let { length } = out
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (inString) {
      if (byte === 0x5c) buffer[length++] = bytes[i++]!
      else if (byte === 0x22) inString = false
    } else if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue
    else if (byte === 0x22) inString = true
    buffer[length++] = bytes[i]!
  }
  out.length = length
}
