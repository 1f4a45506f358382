import { bigintFromBytes, DATE, DataError, Decimal, DECIMAL, TIME, TIMESTAMP } from '../api/index.ts'
import type { Schema } from '../api/index.ts'

/** A number whose digits a double cannot hold, and that is no integer: only a Decimal needs them. */
class ExactNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const MANY_DIGITS = /\d{16}/
const INTEGER = /^-?\d+$/

/**
 * JSON as plain values: integers beyond 2^53 become bigint, wrapped to 64 bits as in Connect. `exact` keeps the digits of fractions for
 * `fromJson` with a schema that holds a Decimal. Throws SyntaxError.
 */
export function parseJson(text: string, exact = false): unknown {
  // The reviver makes parsing some five times slower, so only a text that needs it pays.
  if (!exact && !MANY_DIGITS.test(text)) return JSON.parse(text)
  return JSON.parse(text, (_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value === 0 ? 0 : value
    const source = context?.source ?? String(value)
    if (INTEGER.test(source)) return BigInt.asIntN(64, BigInt(source))
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
      return Math.fround(numberOf(json))
    case 'FLOAT64':
      return numberOf(json)
    case 'STRING':
      return typeof json === 'string' ? json : null
    case 'BYTES':
      return typeof json === 'string' ? bytesOf(json) : null
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

function bytesOf(text: string): Buffer {
  if (!BASE64.test(text)) throw new DataError('Invalid bytes field')
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
      `Maps with non-string fields should be encoded as JSON arrays of tuples, but found ${nodeType(json)}`,
    )
  return new Map(
    json.map((entry: unknown) => {
      if (!Array.isArray(entry) || entry.length !== 2)
        throw new DataError(
          `Found invalid map entry, expected a JSON array of two elements but found ${nodeType(entry)}`,
        )
      return [fromJson(schema.keySchema!, entry[0], replaceNull), fromJson(values, entry[1], replaceNull)] as const
    }),
  )
}

const DAY_MS = 86_400_000

function logicalFromJson(schema: Schema, name: string, json: unknown): unknown {
  switch (name) {
    case DECIMAL:
      return decimalFromJson(schema, json)
    case DATE:
      return new Date(Number(wholeNumber('Date', json)) * DAY_MS)
    case TIME:
      return new Date(Number(wholeNumber('Time', json)))
    case TIMESTAMP:
      return new Date(Number(wholeNumber('Timestamp', json)))
    default:
      return undefined
  }
}

function wholeNumber(what: string, json: unknown): number | bigint {
  if (typeof json === 'bigint' || Number.isInteger(json)) return json as number | bigint
  throw new DataError(
    `Invalid type for ${what}, underlying representation should be ${what === 'Timestamp' ? 'integral' : 'integer'} but was ${nodeType(json)}`,
  )
}

function decimalFromJson(schema: Schema, json: unknown): Decimal {
  const scale = Number(schema.parameters?.['scale'] ?? 0)
  if (typeof json === 'string') return new Decimal(bigintFromBytes(Buffer.from(json, 'base64')), scale)
  if (typeof json === 'number' || typeof json === 'bigint' || json instanceof ExactNumber)
    return ofScale(scale, decimalOf(json instanceof ExactNumber ? json.text : String(json)))
  throw new DataError(
    `Invalid type for Decimal, underlying representation should be numeric or bytes but was ${nodeType(json)}`,
  )
}

function ofScale(scale: number, value: Decimal): Decimal {
  if (value.scale === scale) return value
  throw new DataError(
    `Decimal value has mismatching scale for given Decimal schema. Schema has scale ${scale}, value has scale ${value.scale}.`,
  )
}

/** `-12.50` -> -1250 with scale 2; `1e3` -> 1 with scale -3. */
function decimalOf(text: string): Decimal {
  const [mantissa, exponent] = text.toLowerCase().split('e') as [string, string | undefined]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string | undefined]
  return new Decimal(BigInt(whole + fraction), fraction.length - Number(exponent ?? 0))
}

function integerOf(json: unknown): bigint {
  if (typeof json === 'bigint') return json
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
