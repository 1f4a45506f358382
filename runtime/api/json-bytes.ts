import type { ByteWriter } from './byte-writer.ts'

/**
 * Strings and numbers in the JSON that Kafka Connect writes, appended as bytes. Escapes are Jackson's: short ones for
 * `" \ \b \t \n \f \r`, `\u00XX` for other control characters, two upper-case surrogate escapes for a character outside the
 * basic plane; everything else is raw UTF-8.
 */
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** What follows the backslash, per byte: 0 none needed, 1 `\u00XX`, 2 a four byte UTF-8 sequence, else the short escape. */
const ESCAPES = new Uint8Array(256)
ESCAPES.fill(1, 0, 0x20)
ESCAPES.fill(2, 0xf0, 0x100)
for (const [byte, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
] as const)
  ESCAPES[byte] = letter.charCodeAt(0)

const HEX = Buffer.from('0123456789ABCDEF', 'latin1')
/** A run this long is cheaper to copy by one call than byte by byte. */
const LONG_RUN = 48
/** The longest escape: a surrogate pair. */
const MAX_ESCAPE = 12

/** Append the UTF-8 bytes `start`..`end` of `source` as a quoted JSON string. */
export function writeJsonUtf8(out: ByteWriter, source: Uint8Array, start = 0, end = source.length): void {
  out.reserve(end - start + 2)
  out.buffer[out.length++] = QUOTE
  let from = start
  while (from < end) {
    let to = from
    while (to < end && ESCAPES[source[to]!] === 0) to++
    copyRun(out, source, from, to)
    if (to === end) break
    // The rest of the string and its closing quote had room before; an escape makes it longer.
    out.reserve(end - to + MAX_ESCAPE + 1)
    from = to + writeEscaped(out, source, to)
  }
  out.buffer[out.length++] = QUOTE
}

function copyRun(out: ByteWriter, source: Uint8Array, from: number, to: number): void {
  const { buffer } = out
  let { length } = out
  if (to - from < LONG_RUN) {
    for (let i = from; i < to; i++) buffer[length++] = source[i]!
  } else {
    buffer.set(source.subarray(from, to), length)
    length += to - from
  }
  out.length = length
}

/** Writes the escape of the byte at `at` and answers how many bytes of `source` it stands for. */
function writeEscaped(out: ByteWriter, source: Uint8Array, at: number): number {
  const byte = source[at]!
  const escape = ESCAPES[byte]!
  if (escape === 2) {
    const point =
      ((byte & 0x07) << 18) |
      ((source[at + 1]! & 0x3f) << 12) |
      ((source[at + 2]! & 0x3f) << 6) |
      (source[at + 3]! & 0x3f)
    writeUnit(out, 0xd800 + ((point - 0x10000) >> 10))
    writeUnit(out, 0xdc00 + ((point - 0x10000) & 0x3ff))
    return 4
  }
  if (escape === 1) writeUnit(out, byte)
  else {
    out.buffer[out.length++] = BACKSLASH
    out.buffer[out.length++] = escape
  }
  return 1
}

/** A `\uXXXX` escape; the caller has reserved its six bytes. */
function writeUnit(out: ByteWriter, unit: number): void {
  const { buffer } = out
  let { length } = out
  buffer[length++] = BACKSLASH
  buffer[length++] = 0x75
  buffer[length++] = HEX[unit >> 12]!
  buffer[length++] = HEX[(unit >> 8) & 15]!
  buffer[length++] = HEX[(unit >> 4) & 15]!
  buffer[length++] = HEX[unit & 15]!
  out.length = length
}

const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/
const SHORT_STRING = 64

/** Append `value` as a quoted JSON string. */
export function writeJsonString(out: ByteWriter, value: string): void {
  if (value.length > SHORT_STRING && !NEEDS_ESCAPE.test(value)) {
    out.reserve(value.length * 3 + 2)
    out.buffer[out.length++] = QUOTE
    out.length += out.buffer.utf8Write(value, out.length)
    out.buffer[out.length++] = QUOTE
    return
  }
  out.reserve(value.length * 6 + 2)
  const { buffer } = out
  buffer[out.length++] = QUOTE
  let { length } = out
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit < 0x80) {
      const escape = ESCAPES[unit]!
      if (escape === 0) buffer[length++] = unit
      else if (escape === 1) {
        out.length = length
        writeUnit(out, unit)
        length = out.length
      } else {
        buffer[length++] = BACKSLASH
        buffer[length++] = escape
      }
    } else if (unit < 0x800) {
      buffer[length++] = 0xc0 | (unit >> 6)
      buffer[length++] = 0x80 | (unit & 0x3f)
    } else if (unit >= 0xd800 && unit < 0xe000) {
      out.length = length
      writeUnit(out, unit)
      length = out.length
    } else {
      buffer[length++] = 0xe0 | (unit >> 12)
      buffer[length++] = 0x80 | ((unit >> 6) & 0x3f)
      buffer[length++] = 0x80 | (unit & 0x3f)
    }
  }
  buffer[length++] = QUOTE
  out.length = length
}

/** java.lang.Double#toString with the shortest digits: `1.0`, `0.001`, `1.0E7`, `1.5E-5`, `NaN`, `-Infinity`. */
export function javaDouble(value: number): string {
  const size = Math.abs(value)
  if (size < 1e7 && Number.isInteger(value)) return Object.is(value, -0) ? '-0.0' : `${value}.0`
  if ((size >= 1e-3 && size < 1e7) || !Number.isFinite(value)) return String(value)
  // Java writes two digits at least, and of the two-digit decimals the nearest: 4.9E-324 where JavaScript has 5e-324.
  const shortest = value.toExponential()
  const twoDigits = value.toExponential(1)
  const [digits, exponent] = (shortest[shortest.startsWith('-') ? 2 : 1] === '.' ? shortest : twoDigits).split('e') as [
    string,
    string,
  ]
  return `${digits}E${Number(exponent)}`
}

/** java.lang.Float#toString: the shortest digits that give back the same 32 bit float. */
export function javaFloat(value: number): string {
  const float = Math.fround(value)
  if (Number.isInteger(float) && Math.abs(float) < 1e7) return javaDouble(float)
  for (let precision = 2; precision < 9; precision++) {
    const shorter = Number(float.toPrecision(precision))
    if (Math.fround(shorter) === float) return javaDouble(shorter)
  }
  return javaDouble(Number.isFinite(float) ? Number(float.toPrecision(9)) : float)
}

/** A FLOAT64; NaN and the infinities are quoted. */
export function writeJsonDouble(out: ByteWriter, value: number): void {
  out.ascii(Number.isFinite(value) ? javaDouble(value) : `"${value}"`)
}

/** A FLOAT32; NaN and the infinities are quoted. */
export function writeJsonFloat(out: ByteWriter, value: number): void {
  out.ascii(Number.isFinite(value) ? javaFloat(value) : `"${value}"`)
}

/** Padded base64 in quotes, as Connect writes BYTES. */
export function writeJsonBase64(out: ByteWriter, bytes: Uint8Array): void {
  out.byte(QUOTE)
  out.ascii(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'))
  out.byte(QUOTE)
}
