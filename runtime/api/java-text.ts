import { DataError } from './errors.ts'
import { javaDouble, javaFloat } from './json-bytes.ts'
import { Decimal } from './logical-types.ts'
import type { Schema } from './schema.ts'

/** Java's toString() of a Connect value: `Struct{a=1,b=x}`, `{k=v}`, `[1, 2]`. */
export function javaText(of: Schema | undefined, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      if (of?.type === 'FLOAT32') return javaFloat(value)
      return of?.type === 'FLOAT64' || !Number.isSafeInteger(value) ? javaDouble(value) : String(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'undefined':
      return 'null'
    case 'object':
      return value === null ? 'null' : objectText(of, value)
    case 'function':
    case 'symbol':
      throw new DataError(`a ${typeof value} cannot be written as text`)
  }
}

function objectText(of: Schema | undefined, value: object): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  if (value instanceof Decimal) return value.toString()
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `[${value.map((item) => javaText(of?.valueSchema, item)).join(', ')}]`
  if (of?.type === 'STRUCT') {
    const struct = value as Readonly<Record<string, unknown>>
    const set = (of.fields ?? []).filter(({ name }) => struct[name] !== null && struct[name] !== undefined)
    return `Struct{${set.map(({ name, schema: field }) => `${name}=${javaText(field, struct[name])}`).join(',')}}`
  }
  const entries: readonly (readonly [unknown, unknown])[] = value instanceof Map ? [...value] : Object.entries(value)
  const text = entries.map(([key, item]) => `${javaText(of?.keySchema, key)}=${javaText(of?.valueSchema, item)}`)
  return `{${text.join(', ')}}`
}
