import { javaDecimal } from './java-text.ts'
import { javaDouble, javaFloat } from './json-bytes.ts'
import { Decimal } from './logical-types.ts'
import type { Schema } from './schema.ts'

const DAY_MS = 86_400_000

/** The text of a value, as org.apache.kafka.connect.data.Values writes it. Strings stand as they are, but quoted and escaped inside of arrays, maps and structs. */
export function convertToString(of: Schema | undefined, value: unknown, embedded = false): string {
  switch (typeof value) {
    case 'string':
      return embedded ? quoted(value) : value
    case 'number':
      return numberText(of, value)
    case 'object':
      return value === null ? 'null' : objectText(of, value, embedded)
    case 'undefined':
      return 'null'
    case 'bigint':
    case 'boolean':
    case 'function':
    case 'symbol':
      return String(value)
  }
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}

function numberText(of: Schema | undefined, value: number): string {
  if (of?.type === 'FLOAT32') return javaFloat(value)
  if (of?.type === 'FLOAT64') return javaDouble(value)
  return Number.isSafeInteger(value) ? String(value) : javaDouble(value)
}

function objectText(of: Schema | undefined, value: object, embedded: boolean): string {
  if (value instanceof Decimal) return javaDecimal(value)
  if (value instanceof Date) return dateText(value)
  if (value instanceof Uint8Array) {
    const base64 = Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
    return embedded ? quoted(base64) : base64
  }
  if (Array.isArray(value)) return `[${value.map((item) => convertToString(of?.valueSchema, item, true)).join(',')}]`
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : structEntries(of, value)
  const fieldSchema = (key: unknown): Schema | undefined =>
    of?.type === 'STRUCT' ? of.fields?.find((field) => field.name === key)?.schema : of?.valueSchema
  const text = entries.map(
    ([key, item]) => `${convertToString(of?.keySchema, key, true)}:${convertToString(fieldSchema(key), item, true)}`,
  )
  return `{${text.join(',')}}`
}

function structEntries(of: Schema | undefined, value: object): readonly (readonly [unknown, unknown])[] {
  if (of?.type !== 'STRUCT') return Object.entries(value)
  const struct = value as Readonly<Record<string, unknown>>
  return (of.fields ?? []).map(({ name, schema: field }) => [name, struct[name] ?? field.default ?? null])
}

/** Connect decides by the value, not by its schema: less than a day is a time, whole days are a date, else a timestamp. */
function dateText(value: Date): string {
  const iso = value.toISOString()
  const millis = value.getTime()
  if (millis < DAY_MS) return iso.slice(11)
  return millis % DAY_MS === 0 ? iso.slice(0, 10) : iso
}
