import { bigintToBytes, DataError, DATE, DECIMAL, Decimal, isEncoded, TIME } from 'naru/api'
import type { ByteWriter, Schema } from 'naru/api'

export type DecimalFormat = 'BASE64' | 'NUMERIC'

/** Connect's JSON mapping of a plain value, as JsonConverter without schemas writes it. `undefined` is null. */
export function writeJsonValue(
  out: ByteWriter,
  value: unknown,
  schema: Schema | undefined,
  decimals: DecimalFormat,
): void {
  if (value === null || value === undefined) {
    if (schema?.default === undefined || schema.default === null) return out.ascii('null')
    return writeJsonValue(out, schema.default, schema, decimals)
  }
  switch (typeof value) {
    case 'string':
      return out.utf8(JSON.stringify(value))
    case 'boolean':
      return out.ascii(value ? 'true' : 'false')
    case 'bigint':
      return out.ascii(value.toString())
    case 'number':
      return out.ascii(numberText(value, schema))
    case 'object':
      return writeObject(out, value, schema, decimals)
    default:
      throw new DataError(`a ${typeof value} has no form in JSON`)
  }
}

function writeObject(out: ByteWriter, value: object, schema: Schema | undefined, decimals: DecimalFormat): void {
  if (isEncoded(value)) return value.writeJson(out)
  if (value instanceof Uint8Array) return writeBytes(out, value)
  if (value instanceof Decimal) return writeDecimal(out, value, schema, decimals)
  if (value instanceof Date) return out.ascii(String(dateNumber(value, schema)))
  if (Array.isArray(value))
    return writeList(out, value, (item) => writeJsonValue(out, item, schema?.valueSchema, decimals))
  if (value instanceof Map) return writeMap(out, value, schema, decimals)
  if (schema === undefined && isPlainJson(value)) return out.utf8(JSON.stringify(value))
  const fields = schema?.fields
  const members = fields
    ? fields.map(
        (field) => [field.name, (value as Readonly<Record<string, unknown>>)[field.name], field.schema] as const,
      )
    : Object.entries(value).map(([name, member]) => [name, member, undefined] as const)
  out.byte(0x7b)
  members.forEach(([name, member, memberSchema], index) => {
    if (index > 0) out.byte(0x2c)
    out.utf8(JSON.stringify(name))
    out.byte(0x3a)
    writeJsonValue(out, member, memberSchema, decimals)
  })
  out.byte(0x7d)
}

/** Does JSON.stringify write exactly what Connect's mapping asks for? It is several times as fast. */
function isPlainJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isSafeInteger(value) || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e7)
    case 'object': {
      if (value === null) return true
      if (Array.isArray(value)) return value.every(isPlainJson)
      const prototype: unknown = Object.getPrototypeOf(value)
      if ((prototype !== Object.prototype && prototype !== null) || isEncoded(value)) return false
      for (const name in value) if (!isPlainJson((value as Readonly<Record<string, unknown>>)[name])) return false
      return true
    }
    default:
      return false
  }
}

function writeMap(
  out: ByteWriter,
  map: ReadonlyMap<unknown, unknown>,
  schema: Schema | undefined,
  decimals: DecimalFormat,
): void {
  const named = schema?.keySchema
    ? schema.keySchema.type === 'STRING'
    : [...map.keys()].every((key) => typeof key === 'string')
  if (!named) {
    writeList(out, [...map], ([key, item]) => {
      out.byte(0x5b)
      writeJsonValue(out, key, schema?.keySchema, decimals)
      out.byte(0x2c)
      writeJsonValue(out, item, schema?.valueSchema, decimals)
      out.byte(0x5d)
    })
    return
  }
  out.byte(0x7b)
  let first = true
  for (const [key, item] of map) {
    if (!first) out.byte(0x2c)
    first = false
    out.utf8(JSON.stringify(String(key)))
    out.byte(0x3a)
    writeJsonValue(out, item, schema?.valueSchema, decimals)
  }
  out.byte(0x7d)
}

function writeList<T>(out: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  out.byte(0x5b)
  items.forEach((item, index) => {
    if (index > 0) out.byte(0x2c)
    write(item)
  })
  out.byte(0x5d)
}

function writeBytes(out: ByteWriter, bytes: Uint8Array): void {
  out.ascii(`"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}"`)
}

function writeDecimal(out: ByteWriter, value: Decimal, schema: Schema | undefined, decimals: DecimalFormat): void {
  if (decimals === 'NUMERIC' || schema?.name !== DECIMAL) return out.ascii(value.toString())
  writeBytes(out, bigintToBytes(value.unscaled))
}

function dateNumber(value: Date, schema: Schema | undefined): number {
  if (schema?.name === DATE) return Math.floor(value.getTime() / 86_400_000)
  if (schema?.name === TIME) return value.getTime() % 86_400_000
  return value.getTime()
}

/** Floats in Java's text form (`1.0`, `1.0E7`), integers in digits. */
function numberText(value: number, schema: Schema | undefined): string {
  const isFloat = schema ? schema.type === 'FLOAT64' || schema.type === 'FLOAT32' : !Number.isInteger(value)
  if (!isFloat)
    return Object.is(value, -0) ? '0' : Number.isSafeInteger(value) ? String(value) : BigInt(value).toString()
  if (Number.isNaN(value) || !Number.isFinite(value)) return `"${value}"`
  const digits = schema?.type === 'FLOAT32' ? shortestFloat32(value) : value
  const magnitude = Math.abs(digits)
  const sign = Object.is(digits, -0) ? '-' : ''
  if (magnitude === 0 || (magnitude >= 1e-3 && magnitude < 1e7))
    return sign + (Number.isInteger(digits) ? `${digits}.0` : String(digits))
  const [mantissa = '', exponent = ''] = digits.toExponential().split('e')
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent.replace('+', '')}`
}

/** The double with the fewest digits that is the same float. */
function shortestFloat32(value: number): number {
  const exact = Math.fround(value)
  for (let precision = 1; precision < 9; precision++) {
    const candidate = Number(exact.toPrecision(precision))
    if (Math.fround(candidate) === exact) return candidate
  }
  return Number(exact.toPrecision(9))
}
