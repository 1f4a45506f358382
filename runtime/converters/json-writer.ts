import {
  bigintToBytes,
  DATE,
  DataError,
  Decimal,
  DECIMAL,
  isEncoded,
  javaDecimal,
  TIME,
  TIMESTAMP,
  writeJsonBase64,
  writeJsonDouble,
  writeJsonFloat,
  writeJsonString,
} from '../api/index.ts'
import type { ByteWriter, Schema } from '../api/index.ts'
import { fieldsOf, writeName } from './json-names.ts'

export interface JsonFormat {
  /** Decimals as base64 of the unscaled bytes, or as numbers. */
  readonly decimalFormat: 'BASE64' | 'NUMERIC'
  /** A null whose schema has a default is written as that default. */
  readonly replaceNullWithDefault: boolean
}

export const CONNECT_JSON: JsonFormat = { decimalFormat: 'BASE64', replaceNullWithDefault: true }

/**
 * Append a value in the JSON of org.apache.kafka.connect.json.JsonConverter, without an envelope. Without a schema, numbers that are
 * integers are written as integers. Throws DataError when the value is not what its schema says; `out` then holds a part of it.
 */
export function writeJson(
  out: ByteWriter,
  schema: Schema | undefined,
  value: unknown,
  format: JsonFormat = CONNECT_JSON,
): void {
  if (isEncoded(value)) value.writeJson(out)
  else if (schema === undefined) writeSchemaless(out, value, format)
  else writeTyped(out, schema, value, format)
}

function writeTyped(out: ByteWriter, schema: Schema, value: unknown, format: JsonFormat): void {
  if (value === null || value === undefined) {
    if (schema.default !== undefined && schema.default !== null && format.replaceNullWithDefault)
      writeTyped(out, schema, schema.default, format)
    else if (schema.optional) out.ascii('null')
    else throw new DataError('Conversion error: null value for field that is required and has no default value')
    return
  }
  if (schema.name !== undefined && writeLogical(out, schema, schema.name, value, format)) return
  switch (schema.type) {
    case 'INT8':
    case 'INT16':
    case 'INT32':
      if (!Number.isInteger(value)) throw invalidType(schema, value)
      out.integer(value as number)
      return
    case 'INT64':
      if (typeof value !== 'bigint' && !Number.isInteger(value)) throw invalidType(schema, value)
      out.ascii(String(value))
      return
    case 'FLOAT32':
      if (typeof value !== 'number') throw invalidType(schema, value)
      writeJsonFloat(out, value)
      return
    case 'FLOAT64':
      if (typeof value !== 'number') throw invalidType(schema, value)
      writeJsonDouble(out, value)
      return
    case 'BOOLEAN':
      if (typeof value !== 'boolean') throw invalidType(schema, value)
      out.ascii(value ? 'true' : 'false')
      return
    case 'STRING':
      if (typeof value !== 'string') throw invalidType(schema, value)
      writeJsonString(out, value)
      return
    case 'BYTES':
      if (!(value instanceof Uint8Array)) throw invalidType(schema, value)
      writeJsonBase64(out, value)
      return
    case 'ARRAY':
      if (!Array.isArray(value)) throw invalidType(schema, value)
      writeArray(out, value, (item) => writeJson(out, schema.valueSchema, item, format))
      return
    case 'MAP':
      writeMap(out, schema, value, format)
      return
    case 'STRUCT':
      writeStruct(out, schema, value, format)
      return
  }
}

/** False: the name is no logical type of Connect, and the value is written by its plain type. */
function writeLogical(out: ByteWriter, schema: Schema, name: string, value: unknown, format: JsonFormat): boolean {
  switch (name) {
    case DECIMAL:
      if (!(value instanceof Decimal)) throw invalidType(schema, value)
      if (format.decimalFormat === 'NUMERIC') out.ascii(javaDecimal(value))
      else {
        requireScale(schema, value)
        writeJsonBase64(out, bigintToBytes(value.unscaled))
      }
      return true
    case DATE:
      out.ascii(String(dayOf(schema, value)))
      return true
    case TIME:
      out.ascii(String(millisOfDay(schema, value)))
      return true
    case TIMESTAMP:
      if (!(value instanceof Date)) throw invalidType(schema, value)
      out.ascii(String(value.getTime()))
      return true
    default:
      return false
  }
}

const DAY_MS = 86_400_000

/** The bytes say nothing about the scale: another one than the schema's would be another number. */
export function requireScale(schema: Schema, value: Decimal): void {
  const scale = Number(schema.parameters?.['scale'] ?? 0)
  if (scale !== value.scale)
    throw new DataError(
      `Decimal value has mismatching scale for given Decimal schema. Schema has scale ${scale}, value has scale ${value.scale}.`,
    )
}

function dayOf(schema: Schema, value: unknown): number {
  if (!(value instanceof Date)) throw invalidType(schema, value)
  if (value.getTime() % DAY_MS !== 0)
    throw new DataError('Kafka Connect Date type should not have any time fields set to non-zero values.')
  return value.getTime() / DAY_MS
}

function millisOfDay(schema: Schema, value: unknown): number {
  if (!(value instanceof Date)) throw invalidType(schema, value)
  const time = value.getTime()
  if (time < 0 || time > DAY_MS)
    throw new DataError('Kafka Connect Time type should not have any date fields set to non-zero values.')
  return time
}

function writeArray(out: ByteWriter, items: readonly unknown[], write: (item: unknown) => void): void {
  out.byte(0x5b)
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out.byte(0x2c)
    write(items[i])
  }
  out.byte(0x5d)
}

function writeMap(out: ByteWriter, schema: Schema, value: unknown, format: JsonFormat): void {
  const entries = entriesOf(schema, value)
  if (schema.keySchema?.type === 'STRING' && !schema.keySchema.optional) {
    writeObject(out, entries, (item) => writeJson(out, schema.valueSchema, item, format))
    return
  }
  writeArray(out, entries, (entry) => {
    const [key, item] = entry as readonly [unknown, unknown]
    out.byte(0x5b)
    writeJson(out, schema.keySchema, key, format)
    out.byte(0x2c)
    writeJson(out, schema.valueSchema, item, format)
    out.byte(0x5d)
  })
}

function entriesOf(schema: Schema, value: unknown): readonly (readonly [unknown, unknown])[] {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)]
  if (isPlainObject(value)) return Object.entries(value)
  throw invalidType(schema, value)
}

function writeObject(
  out: ByteWriter,
  entries: readonly (readonly [unknown, unknown])[],
  write: (item: unknown) => void,
): void {
  out.byte(0x7b)
  for (let i = 0; i < entries.length; i++) {
    const [key, item] = entries[i]!
    if (i > 0) out.byte(0x2c)
    writeJsonString(out, key as string)
    out.byte(0x3a)
    write(item)
  }
  out.byte(0x7d)
}

function writeRecord(out: ByteWriter, value: Readonly<Record<string, unknown>>, format: JsonFormat): void {
  out.byte(0x7b)
  const keys = Object.keys(value)
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (i > 0) out.byte(0x2c)
    writeName(out, key)
    writeJson(out, undefined, value[key], format)
  }
  out.byte(0x7d)
}

function writeStruct(out: ByteWriter, schema: Schema, value: unknown, format: JsonFormat): void {
  if (!isPlainObject(value)) throw invalidType(schema, value)
  const fields = fieldsOf(schema)
  if (fields.length === 0) out.byte(0x7b)
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!
    out.bytes(field.prefix)
    const item = value[field.name]
    if (isEncoded(item)) item.writeJson(out)
    else writeTyped(out, field.schema, item, format)
  }
  out.byte(0x7d)
}

function writeSchemaless(out: ByteWriter, value: unknown, format: JsonFormat): void {
  switch (typeof value) {
    case 'string':
      writeJsonString(out, value)
      return
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.integer(value)
      else writeJsonDouble(out, value)
      return
    case 'bigint':
      out.ascii(String(value))
      return
    case 'boolean':
      out.ascii(value ? 'true' : 'false')
      return
    case 'undefined':
      out.ascii('null')
      return
    case 'object':
      writeSchemalessObject(out, value, format)
      return
    case 'function':
    case 'symbol':
      throw new DataError(`a ${typeof value} has no corresponding schema type`)
  }
}

function writeSchemalessObject(out: ByteWriter, value: object | null, format: JsonFormat): void {
  if (value === null) {
    out.ascii('null')
    return
  }
  if (Object.getPrototypeOf(value) === Object.prototype && !isEncoded(value)) {
    writeRecord(out, value as Readonly<Record<string, unknown>>, format)
    return
  }
  const write = (item: unknown): void => writeJson(out, undefined, item, format)
  if (value instanceof Uint8Array) writeJsonBase64(out, value)
  else if (Array.isArray(value)) writeArray(out, value, write)
  else if (value instanceof Map) writeSchemalessMap(out, [...(value as Map<unknown, unknown>)], write)
  else if (value instanceof Date || value instanceof Decimal)
    throw new DataError(`a value of class ${className(value)} needs a schema to be written as JSON`)
  else writeRecord(out, value as Readonly<Record<string, unknown>>, format)
}

/** An object only when every key is a string, else pairs. */
function writeSchemalessMap(
  out: ByteWriter,
  entries: readonly (readonly [unknown, unknown])[],
  write: (item: unknown) => void,
): void {
  if (entries.every(([key]) => typeof key === 'string')) writeObject(out, entries, write)
  else writeArray(out, entries, (entry) => writeArray(out, entry as readonly unknown[], write))
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  return (
    Object.getPrototypeOf(value) === Object.prototype ||
    (!Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Map) && !(value instanceof Date))
  )
}

function invalidType(schema: Schema, value: unknown): DataError {
  const named = schema.name === undefined ? schema.type : `${schema.type} (${schema.name})`
  return new DataError(`Invalid type for ${named}: ${className(value)}`)
}

function className(value: unknown): string {
  if (typeof value === 'number') return `number ${value}`
  return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'Object') : typeof value
}
