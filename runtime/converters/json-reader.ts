import { bigintFromBytes, DATE, DataError, Decimal, DECIMAL, TIME, TIMESTAMP } from '../api/index.ts'
import type { Schema } from '../api/index.ts'
import { SerializationError } from './serialization-error.ts'

/** What becomes of numbers in JSON that a double cannot hold. */
export type JsonNumbers =
  /** There is no schema: integers wrap to 64 bits, as in Connect. */
  | 'schemaless'
  /** A schema tells how wide an integer is: it stays what it is until then. */
  | 'typed'
  /** There is a Decimal in the schema: fractions keep their digits too. */
  | 'exact'

/** A number whose digits a double cannot hold, and that is no integer: only a Decimal needs them. */
class ExactNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const MANY_DIGITS = /\d{16}/
const INTEGER = /^-?\d+$/

/** JSON as plain values: integers beyond 2^53 become bigint. Throws SyntaxError. */
export function parseJson(text: string, numbers: JsonNumbers = 'schemaless'): unknown {
  const exact = numbers === 'exact'
  // The reviver makes parsing some five times slower, so only a text that needs it pays.
  if (!exact && !MANY_DIGITS.test(text)) return JSON.parse(text)
  return JSON.parse(text, (_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value === 0 ? 0 : value
    const source = context?.source ?? String(value)
    if (INTEGER.test(source)) return numbers === 'schemaless' ? BigInt.asIntN(64, BigInt(source)) : BigInt(source)
    return exact ? new ExactNumber(source) : value
  })
}

const decimalInside = new WeakMap<Schema, boolean>()

/** Does any value of this schema hold a Decimal? */
export function holdsDecimal(schema: Schema): boolean {
  let holds = decimalInside.get(schema)
  if (holds === undefined) {
    holds =
      schema.name === DECIMAL ||
      (schema.keySchema !== undefined && holdsDecimal(schema.keySchema)) ||
      (schema.valueSchema !== undefined && holdsDecimal(schema.valueSchema)) ||
      (schema.fields?.some((field) => holdsDecimal(field.schema)) ?? false)
    decimalInside.set(schema, holds)
  }
  return holds
}

/**
 * The plain value that parsed JSON stands for under a schema. Scalars are coerced as loosely as Connect does (int32 of a string is 0, int8 of
 * 300 wraps to 44, string of a number is null); containers of the wrong kind throw DataError.
 */
export function fromJson(schema: Schema, json: unknown, replaceNullWithDefault = true): unknown {
  if (json === null || json === undefined) {
    if (schema.default !== undefined && schema.default !== null && replaceNullWithDefault) return schema.default
    if (schema.optional) return null
    throw new DataError(`Invalid null value for required ${schema.type} field`)
  }
  if (schema.name !== undefined) {
    const logical = logicalFromJson(schema, schema.name, json)
    if (logical !== undefined) return logical
  }
  switch (schema.type) {
    case 'BOOLEAN':
      return json === true
    case 'INT8':
      return Number(BigInt.asIntN(8, integerOf(json)))
    case 'INT16':
      return Number(BigInt.asIntN(16, integerOf(json)))
    case 'INT32':
      return typeof json === 'number' ? Math.trunc(json) | 0 : Number(BigInt.asIntN(32, integerOf(json)))
    case 'INT64':
      return integerOf(json)
    case 'FLOAT32':
      return Math.fround(numberOf(json)) + 0 // Connect knows no -0.0 in JSON
    case 'FLOAT64':
      return numberOf(json) + 0
    case 'STRING':
      return typeof json === 'string' ? json : null
    case 'BYTES':
      return typeof json === 'string' ? bytesOf(json, 'Invalid bytes field') : null
    case 'ARRAY':
      if (!Array.isArray(json))
        throw new DataError(`Arrays should be encoded as JSON arrays, but found ${nodeType(json)}`)
      return json.map((item) => fromJson(schema.valueSchema!, item, replaceNullWithDefault))
    case 'MAP':
      return mapFromJson(schema, json, replaceNullWithDefault)
    case 'STRUCT':
      return structFromJson(schema, json, replaceNullWithDefault)
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function bytesOf(text: string, invalid: string): Buffer {
  if (text.length % 4 !== 0 || !BASE64.test(text))
    throw new DataError(invalid, { cause: new SerializationError('not base64 with padding') })
  return Buffer.from(text, 'base64')
}

function structFromJson(schema: Schema, json: unknown, replaceNull: boolean): unknown {
  if (!isObject(json)) throw new DataError(`Structs should be encoded as JSON objects, but found ${nodeType(json)}`)
  const struct: Record<string, unknown> = {}
  for (const { name, schema: of } of schema.fields ?? [])
    struct[name] = fromJson(of, Object.hasOwn(json, name) ? json[name] : null, replaceNull)
  return struct
}

function mapFromJson(schema: Schema, json: unknown, replaceNull: boolean): unknown {
  const values = schema.valueSchema!
  // Optional string keys are written as pairs, required ones as an object.
  if (schema.keySchema!.type === 'STRING' && !(schema.keySchema!.optional && Array.isArray(json))) {
    if (!isObject(json))
      throw new DataError(`Maps with string fields should be encoded as JSON objects, but found ${nodeType(json)}`)
    return new Map(Object.entries(json).map(([key, value]) => [key, fromJson(values, value, replaceNull)]))
  }
  if (!Array.isArray(json))
    throw new DataError(
      `Maps with non-string fields should be encoded as JSON array of tuples, but found ${nodeType(json)}`,
    )
  return new Map(
    json.map((entry: unknown) => {
      if (!Array.isArray(entry))
        throw new DataError(`Found invalid map entry instead of array tuple: ${nodeType(entry)}`)
      if (entry.length !== 2)
        throw new DataError(`Found invalid map entry, expected length 2 but found :${entry.length}`)
      return [fromJson(schema.keySchema!, entry[0], replaceNull), fromJson(values, entry[1], replaceNull)] as const
    }),
  )
}

export const DAY_MS = 86_400_000

function logicalFromJson(schema: Schema, name: string, json: unknown): unknown {
  switch (name) {
    case DECIMAL:
      return decimalFromJson(schema, json)
    case DATE:
      return dateOf('Date', wholeNumber('Date', json, 32), DAY_MS)
    case TIME:
      return timeOf(wholeNumber('Time', json, 32))
    case TIMESTAMP:
      return dateOf('Timestamp', wholeNumber('Timestamp', json, 64), 1)
    default:
      return undefined
  }
}

function wholeNumber(what: string, json: unknown, bits: 32 | 64): number {
  if (typeof json === 'number' && (bits === 32 ? (json | 0) === json : Number.isInteger(json))) return json
  if (typeof json === 'bigint' && bits === 64) return Number(BigInt.asIntN(64, json))
  throw new DataError(
    `Invalid type for ${what}, underlying representation should be ${what === 'Timestamp' ? 'integral' : 'integer'} but was ${nodeType(json)}`,
  )
}

/** Java counts in 64 bits, a Date in about 53 of them. */
function dateOf(what: string, count: number, unitMs: number): Date {
  const date = new Date(count * unitMs)
  if (Number.isNaN(date.getTime()))
    throw new DataError(`Invalid ${what}: ${count} is not between the years -271821 and 275760`)
  return date
}

/** The end of the day is a time too, as in Java. */
function timeOf(millis: number): Date {
  if (millis < 0 || millis > DAY_MS)
    throw new DataError('Time values must use number of milliseconds greater than 0 and less than 86400000')
  return new Date(millis)
}

/** `12` and `12.000` are 12.00 where the scale is 2. */
function decimalFromJson(schema: Schema, json: unknown): Decimal {
  const scale = scaleOf(schema)
  if (typeof json === 'string') {
    const bytes = bytesOf(json, 'Invalid bytes for Decimal field')
    if (bytes.length === 0)
      throw new DataError('Invalid bytes for Decimal field', { cause: new SerializationError('there are none') })
    return new Decimal(bigintFromBytes(bytes), scale)
  }
  if (typeof json !== 'number' && typeof json !== 'bigint' && !(json instanceof ExactNumber))
    throw new DataError(
      `Invalid type for Decimal, underlying representation should be numeric or bytes but was ${nodeType(json)}`,
    )
  const text = json instanceof ExactNumber ? json.text : String(json)
  const number = Decimal.parse(text)
  if (number === undefined) throw new DataError(`Invalid Decimal: the exponent of ${text} is too large`)
  return number.atScale(scale)
}

/** The scale of a Decimal's schema, as it is written there. */
export const SCALE = /^[+-]?\d{1,9}$/

function scaleOf({ parameters }: Schema): number {
  const scale = parameters?.['scale']
  if (scale === undefined) throw new DataError('Invalid Decimal schema: scale parameter not found.')
  if (!SCALE.test(scale))
    throw new DataError('Invalid scale parameter found in Decimal schema: ', {
      cause: new DataError(`${scale} is no number`),
    })
  return Number(scale)
}

function integerOf(json: unknown): bigint {
  if (typeof json === 'bigint') return BigInt.asIntN(64, json)
  const number = numberOf(json)
  return Number.isFinite(number) ? BigInt.asIntN(64, BigInt(Math.trunc(number))) : 0n
}

function numberOf(json: unknown): number {
  if (typeof json === 'number') return json
  if (typeof json === 'bigint') return Number(json)
  return json instanceof ExactNumber ? Number(json.text) : 0
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof ExactNumber)
}

/** Jackson's names, as they stand in messages. */
function nodeType(json: unknown): string {
  if (json === null || json === undefined) return 'NULL'
  if (Array.isArray(json)) return 'ARRAY'
  if (typeof json === 'string') return 'STRING'
  if (typeof json === 'boolean') return 'BOOLEAN'
  return isObject(json) ? 'OBJECT' : 'NUMBER'
}
