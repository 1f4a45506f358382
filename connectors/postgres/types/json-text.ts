import type { ByteWriter } from 'naru/api'

/**
 * JSON as Jackson writes it under Kafka's JsonConverter: short escapes where there are some, `\u00XX` in capitals for other
 * control characters, surrogate pairs escaped outside the Basic Multilingual Plane, everything else as it is.
 */

/** 0: copied; 1: `\u00XX`; 2: first byte of a four-byte sequence; else the letter behind the backslash. */
const ESCAPE = new Uint8Array(256)
ESCAPE.fill(1, 0, 0x20)
ESCAPE.fill(2, 0xf0)
for (const [byte, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x22, '"'],
  [0x5c, '\\'],
] as const)
  ESCAPE[byte] = letter.charCodeAt(0)

const QUOTE = 0x22
const BACKSLASH = 0x5c
const HEX = Buffer.from('0123456789ABCDEF', 'latin1')
/** Above this a text is searched for a byte to escape first, and copied as a whole. */
const LONG = 48
/** Above this the room for escapes is counted, not guessed at six bytes for one. */
const COUNTED = 4096

/** The UTF-8 text `source[start..end)` as a JSON string. */
export function writeJsonString(out: ByteWriter, source: Buffer, start: number, end: number): void {
  const clean = end - start > LONG ? firstEscape(source, start, end) : start
  if (clean === end) return writeCleanString(out, source, start, end)
  out.reserve(2 + clean - start + escapedLength(source, clean, end))
  let at = out.length
  const target = out.buffer
  target[at++] = QUOTE
  if (clean - start > LONG) {
    source.copy(target, at, start, clean)
    at += clean - start
    start = clean
  }
  out.length = putEscaped(target, at, source, start, end)
}

/** The same for a text without a byte to escape. */
export function writeCleanString(out: ByteWriter, source: Buffer, start: number, end: number): void {
  const length = end - start
  out.reserve(length + 2)
  const target = out.buffer
  const at = out.length
  target[at] = QUOTE
  source.copy(target, at + 1, start, end)
  target[at + length + 1] = QUOTE
  out.length = at + length + 2
}

/** The same into a buffer that has room for 6 bytes per byte and two more; answers the position behind. */
export function putJsonString(target: Buffer, at: number, source: Buffer, start: number, end: number): number {
  target[at++] = QUOTE
  return putEscaped(target, at, source, start, end)
}

function putEscaped(target: Buffer, at: number, source: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const byte = source[i]!
    const escape = ESCAPE[byte]!
    if (escape === 0) {
      target[at++] = byte
    } else if (escape === 1) {
      at = putUnicode(target, at, byte)
    } else if (escape === 2) {
      const point =
        (((byte & 7) << 18) | ((source[i + 1]! & 63) << 12) | ((source[i + 2]! & 63) << 6) | (source[i + 3]! & 63)) -
        0x10000
      at = putUnicode(target, at, 0xd800 | (point >> 10))
      at = putUnicode(target, at, 0xdc00 | (point & 0x3ff))
      i += 3
    } else {
      target[at++] = BACKSLASH
      target[at++] = escape
    }
  }
  target[at++] = QUOTE
  return at
}

function putUnicode(target: Buffer, at: number, unit: number): number {
  target[at] = BACKSLASH
  target[at + 1] = 0x75
  target[at + 2] = HEX[unit >> 12]!
  target[at + 3] = HEX[(unit >> 8) & 15]!
  target[at + 4] = HEX[(unit >> 4) & 15]!
  target[at + 5] = HEX[unit & 15]!
  return at + 6
}

function firstEscape(source: Buffer, start: number, end: number): number {
  let i = start
  while (i < end && ESCAPE[source[i]!] === 0) i++
  return i
}

/** Room that is enough: counting costs as much as escaping. */
function escapedLength(source: Buffer, start: number, end: number): number {
  if (end - start <= COUNTED) return (end - start) * 6
  let length = 0
  for (let i = start; i < end; i++) {
    const escape = ESCAPE[source[i]!]!
    length += escape === 0 ? 1 : escape === 1 ? 6 : escape === 2 ? 12 : 2
  }
  return length
}

/** A JSON string of a JavaScript string. */
export function jsonString(text: string): string {
  const source = Buffer.from(text, 'utf8')
  const target = Buffer.allocUnsafe(source.length * 6 + 2)
  return target.utf8Slice(0, putJsonString(target, 0, source, 0, source.length))
}

const DIGIT_PAIRS = Buffer.from(Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0')).join(''), 'latin1')
const BILLION = 1_000_000_000

/** A safe integer in decimal; `target` has 17 bytes of room. Three times as fast as String(value) for values beyond 2^31. */
export function putInteger(target: Buffer, at: number, value: number): number {
  if (value < 0) {
    target[at++] = 0x2d
    value = -value
  }
  if (value < BILLION) return putSmall(target, at, value | 0)
  const high = Math.floor(value / BILLION)
  let low = (value - high * BILLION) | 0
  at = high < BILLION ? putSmall(target, at, high | 0) : putInteger(target, at, high)
  for (let i = at + 7; i >= at + 1; i -= 2) {
    const pair = (low % 100) * 2
    low = (low / 100) | 0
    target[i] = DIGIT_PAIRS[pair]!
    target[i + 1] = DIGIT_PAIRS[pair + 1]!
  }
  target[at] = 0x30 + low
  return at + 9
}

function putSmall(target: Buffer, at: number, value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit && digits < 9; limit *= 10) digits++
  if (value >= BILLION) digits = 10
  let position = at + digits
  while (value >= 10) {
    const pair = (value % 100) * 2
    value = (value / 100) | 0
    position -= 2
    target[position] = DIGIT_PAIRS[pair]!
    target[position + 1] = DIGIT_PAIRS[pair + 1]!
  }
  if (position > at) target[at] = 0x30 + value
  return at + digits
}

export function writeInteger(out: ByteWriter, value: number): void {
  out.reserve(20)
  out.length = putInteger(out.buffer, out.length, value)
}

/**
 * A floating point number as Java's toString writes it, from any decimal text; NaN and the infinities are JSON strings.
 * `1e+300` → `1.0E300`, `16777216` → `1.6777216E7`, `100` → `100.0`.
 */
export function javaFloat(text: string): string {
  const match = /^(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) return JSON.stringify(text)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const leading = /^0*/.exec(whole + fraction)![0].length
  const digits = (whole + fraction).slice(leading).replace(/0+$/, '')
  if (digits === '') return `${sign}0.0`
  const point = whole.length - leading + Number(exponent) // value = 0.digits × 10^point
  if (point > 7 || point < -2) return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${point - 1}`
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (digits.length <= point) return `${sign}${digits.padEnd(point, '0')}.0`
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}
