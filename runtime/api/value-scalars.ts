import { Decimal, dateSchema, decimalSchema, timeSchema, timestampSchema } from './logical-types.ts'
import type { Schema } from './schema.ts'
import { schema } from './schema.ts'

export interface ParsedValue {
  readonly schema: Schema | undefined
  readonly value: unknown
}

/** A date, a time of day or a timestamp as ISO 8601 writes it. */
export function parseTemporal(text: string): ParsedValue | undefined {
  switch (text.length) {
    case 10:
      return temporal(/^\d{4}-\d{2}-\d{2}$/, text, `${text}T00:00:00.000Z`, dateSchema())
    case 13:
      return temporal(/^\d{2}:\d{2}:\d{2}\.\d{3}Z$/, text, `1970-01-01T${text}`, timeSchema())
    case 24:
      return temporal(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, text, text, timestampSchema())
    default:
      return undefined
  }
}

function temporal(shape: RegExp, text: string, iso: string, of: Schema): ParsedValue | undefined {
  if (!shape.test(text)) return undefined
  const value = new Date(iso)
  return Number.isNaN(value.getTime()) ? undefined : { schema: of, value }
}

/** The smallest type that holds the number. */
export function parseNumber(token: string): ParsedValue | undefined {
  if (!/^[\p{Nd}+-]/u.test(token)) return undefined
  const number = Decimal.parse(asciiDigits(token))
  return number && (integral(number) ?? fractional(number))
}

function asciiDigits(text: string): string {
  return text.replace(/[\u0080-\u{10ffff}]/gu, (char) => (/\p{Nd}/u.test(char) ? String(digitValue(char)) : char))
}

/** Digits of every script are ten code points in a row, zero first. */
function digitValue(char: string): number {
  let value = 0
  for (let point = char.codePointAt(0)! - 1; /\p{Nd}/u.test(String.fromCodePoint(point)) && value < 9; point--) value++
  return value
}

function integral(number: Decimal): ParsedValue | undefined {
  const { unscaled: value, scale } = number.atScale(0)
  if (scale !== 0) return undefined
  if (BigInt.asIntN(64, value) !== value) return undefined
  if (BigInt.asIntN(8, value) === value) return { schema: schema.int8(), value: Number(value) }
  if (BigInt.asIntN(16, value) === value) return { schema: schema.int16(), value: Number(value) }
  if (BigInt.asIntN(32, value) === value) return { schema: schema.int32(), value: Number(value) }
  return { schema: schema.int64(), value }
}

function fractional(number: Decimal): ParsedValue {
  const { unscaled, scale } = number
  if (scale !== 0) {
    const double = Number(`${unscaled}e${-scale}`)
    const float = Math.fround(double)
    if (Number.isFinite(float)) return { schema: schema.float32(), value: float }
    if (Number.isFinite(double)) return { schema: schema.float64(), value: double }
  }
  return { schema: decimalSchema(scale), value: number }
}
