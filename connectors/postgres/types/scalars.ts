import { schema } from 'naru/api'
import type { Schema, SchemaAttributes } from 'naru/api'
import { javaFloat, writeJsonString } from './json-text.ts'
import type { BinaryMode, TypeOptions } from './type-options.ts'
import type { ValueCodec } from './value-codec.ts'
import { textCodec, valueCodec } from './value-codec.ts'

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const LETTER_T = 0x74

export function booleanCodec(): ValueCodec {
  return valueCodec({
    schema: schema.boolean(),
    fallback: false,
    defaultPlaceholder: false,
    decode: (source, start) => source[start] === LETTER_T,
    write(out, source, start) {
      out.bytes(source[start] === LETTER_T ? TRUE : FALSE)
      return true
    },
  })
}

/** int2, int4: the text is the JSON. */
export function intCodec(of: Schema): ValueCodec {
  return verbatim(of, 0, (source, start, end) => Number(source.latin1Slice(start, end)))
}

/** int8, oid */
export function longCodec(): ValueCodec {
  return verbatim(schema.int64(), 0n, (source, start, end) => BigInt(source.latin1Slice(start, end)))
}

function verbatim(of: Schema, zero: unknown, decode: ValueCodec['decode']): ValueCodec {
  return valueCodec({
    schema: of,
    form: 'verbatim',
    fallback: zero,
    defaultPlaceholder: zero,
    decode,
    write(out, source, start, end) {
      out.slice(source, start, end)
      return true
    },
  })
}

export function floatCodec(of: Schema): ValueCodec {
  return valueCodec({
    schema: of,
    fallback: 0,
    defaultPlaceholder: 0,
    decode: (source, start, end) => Number(source.latin1Slice(start, end)),
    write(out, source, start, end) {
      out.ascii(javaFloat(source.latin1Slice(start, end)))
      return true
    },
  })
}

export interface StringParts {
  readonly attributes?: SchemaAttributes
  readonly placeholder: Buffer
  readonly unavailable?: string
  readonly defaultPlaceholder?: string
}

/** Every type whose text is shown as it is. */
export function stringCodec(parts: StringParts): ValueCodec {
  return valueCodec({
    schema: schema.string(parts.attributes),
    form: 'string',
    fallback: '',
    unavailable: parts.unavailable ?? parts.placeholder.toString('utf8'),
    defaultPlaceholder: parts.defaultPlaceholder,
    decode: (source, start, end) => source.utf8Slice(start, end),
    write(out, source, start, end) {
      writeJsonString(out, source, start, end)
      return true
    },
  })
}

/** bytea, whose text is `\x` and hexadecimal digits. */
export function byteaCodec(options: TypeOptions): ValueCodec {
  const ofHex = (source: Buffer, start: number, end: number) => Buffer.from(source.latin1Slice(start + 2, end), 'hex')
  return binaryCodec(options.binaryMode, options.placeholder, ofHex)
}

/** Types that are not known: the bytes of their text. */
export function unknownCodec(options: TypeOptions): ValueCodec {
  return binaryCodec(options.binaryMode, options.placeholder, (source, start, end) =>
    Buffer.from(source.subarray(start, end)),
  )
}

function binaryCodec(
  mode: BinaryMode,
  placeholder: Buffer,
  bytesOf: (source: Buffer, start: number, end: number) => Buffer,
): ValueCodec {
  if (mode === 'bytes') {
    return valueCodec({
      schema: schema.bytes(),
      fallback: Buffer.alloc(0),
      unavailable: placeholder,
      decode: bytesOf,
      write(out, source, start, end) {
        out.ascii(`"${bytesOf(source, start, end).toString('base64')}"`)
        return true
      },
    })
  }
  const encode = binaryEncoder(mode)
  return valueCodec({
    schema: schema.string(),
    fallback: '',
    unavailable: encode(placeholder),
    decode: (source, start, end) => encode(bytesOf(source, start, end)),
  })
}

export function binaryEncoder(mode: Exclude<BinaryMode, 'bytes'>): (bytes: Buffer) => string {
  switch (mode) {
    case 'base64':
      return (bytes) => bytes.toString('base64')
    case 'base64-url-safe':
      return (bytes) => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
    case 'hex':
      return (bytes) => bytes.toString('hex')
  }
}

const ANY_LENGTH = 2_147_483_647

/** bit(n), varbit(n): one bit is a boolean; more are little-endian bytes without trailing zero bytes, as java.util.BitSet gives. */
export function bitCodec(length: number | undefined): ValueCodec {
  if (length === 1) {
    return textCodec({
      schema: schema.boolean(),
      fallback: false,
      defaultPlaceholder: false,
      parse: (text) => text === '1',
    })
  }
  return textCodec({
    schema: schema.bytes({
      name: 'io.debezium.data.Bits',
      version: 1,
      parameters: { length: String(length ?? ANY_LENGTH) },
    }),
    fallback: Buffer.alloc(0),
    defaultPlaceholder: Buffer.alloc(0),
    parse: bitBytes,
  })
}

function bitBytes(text: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil(text.length / 8))
  for (let i = 0; i < text.length; i++) {
    const bit = text.length - 1 - i
    if (text[i] === '1') bytes[bit >> 3]! |= 1 << (bit & 7)
  }
  let used = bytes.length
  while (used > 0 && bytes[used - 1] === 0) used--
  return bytes.subarray(0, used)
}
