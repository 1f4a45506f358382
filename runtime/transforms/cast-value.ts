import {
  convertToString,
  DATE,
  DataError,
  Decimal,
  javaClass,
  javaDouble,
  javaFloat,
  parseJavaDouble,
  TIME,
  TIMESTAMP,
} from '../api/index.ts'
import type { Schema } from '../api/index.ts'
import { isObject } from './key-or-value.ts'

export const CAST_TYPES = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'] as const
export type CastType = (typeof CAST_TYPES)[number]

export function unsupportedType(type: string): DataError {
  return new DataError(
    `Cast transformation does not support casting from ${type}; supported types are [${[...CAST_TYPES, 'bytes'].join(', ').toUpperCase()}]`,
  )
}

/** One value as another type, with the rules of Kafka Connect's Cast: narrowing wraps, text is parsed, a number is true unless it is 0. */
export function castValue(value: unknown, type: CastType, schema?: Schema): unknown {
  if (value === null || value === undefined) return null
  const encoded = value instanceof Date ? encodedDate(value, type, schema) : value
  const wraps = isSafe(encoded) && schema?.type !== 'FLOAT32' && schema?.type !== 'FLOAT64'
  switch (type) {
    case 'int8':
      return wraps ? (encoded << 24) >> 24 : Number(BigInt.asIntN(8, integer(encoded, 8, schema)))
    case 'int16':
      return wraps ? (encoded << 16) >> 16 : Number(BigInt.asIntN(16, integer(encoded, 16, schema)))
    case 'int32':
      return wraps ? encoded | 0 : Number(BigInt.asIntN(32, integer(encoded, 32, schema)))
    case 'int64':
      return BigInt.asIntN(64, integer(encoded, 64, schema))
    case 'float32':
      return Math.fround(float(encoded))
    case 'float64':
      return float(encoded)
    case 'boolean':
      return truth(encoded)
    case 'string':
      return text(encoded, schema)
  }
}

/** Then 32 bit operators wrap as Java does, without the cost of a bigint; a fraction, as its schema says, does not wrap. */
function isSafe(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}

/** A logical date is its integer first: days, or milliseconds. To text it stays a date. */
function encodedDate(value: Date, type: CastType, schema: Schema | undefined): unknown {
  if (type === 'string') return value
  switch (schema?.name) {
    case DATE:
      return Math.floor(value.getTime() / 86_400_000)
    case TIME:
    case TIMESTAMP:
      return value.getTime()
    default:
      throw unsupported(value)
  }
}

function integer(value: unknown, bits: number, schema: Schema | undefined): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (value instanceof Decimal) return value.whole()
  if (typeof value === 'number') return whole(value, bits, schema)
  if (typeof value === 'string') {
    const parsed = /^[+-]?\d+$/.test(value) ? BigInt(value.replace('+', '')) : undefined
    if (parsed === undefined || BigInt.asIntN(bits, parsed) !== parsed)
      throw new DataError(`Value (${value}) was out of range for requested data type`)
    return parsed
  }
  throw unsupported(value)
}

/** Java narrows a fraction to int or long first, which keeps to the ends of the range, and wraps from there. */
function whole(value: number, bits: number, schema: Schema | undefined): bigint {
  if (Number.isNaN(value)) return 0n
  const width = bits > 32 || (schema === undefined && Number.isSafeInteger(value)) ? 63n : 31n
  const limit = 2n ** width
  const truncated = Number.isFinite(value) ? BigInt(Math.trunc(value)) : value > 0 ? limit : -limit
  return truncated >= limit ? limit - 1n : truncated < -limit ? -limit : truncated
}

function float(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof Decimal) return Number(value.toString())
  if (typeof value === 'string') {
    const number = parseJavaDouble(value)
    if (number !== undefined) return number
    throw new DataError(`Value (${value}) was out of range for requested data type`)
  }
  throw unsupported(value)
}

function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return Math.trunc(value) !== 0 && !Number.isNaN(value) // of 0.5 Connect looks at the 0
  if (typeof value === 'bigint') return value !== 0n
  if (value instanceof Decimal) return value.unscaled !== 0n
  if (typeof value === 'string') return value.toLowerCase() === 'true'
  throw unsupported(value)
}

function text(value: unknown, schema: Schema | undefined): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return numberText(value, schema)
  if (value instanceof Decimal) return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return convertToString(schema, value)
  throw unsupported(value)
}

function numberText(value: number, schema: Schema | undefined): string {
  if (schema?.type === 'FLOAT32') return javaFloat(value)
  return schema?.type === 'FLOAT64' || !Number.isSafeInteger(value) ? javaDouble(value) : String(value)
}

function unsupported(value: unknown): DataError {
  if (Array.isArray(value)) return unsupportedType('ARRAY')
  if (isObject(value) || value instanceof Map) return unsupportedType('MAP')
  return new DataError(`Unexpected type in Cast transformation: class ${javaClass(value)}`)
}
