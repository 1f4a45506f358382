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
  if (value instanceof Decimal) return javaDecimal(value)
  if (value instanceof Date) return javaDate(value)
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

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** java.util.Date#toString in UTC: `Tue Nov 14 22:13:20 UTC 2023`. */
function javaDate(date: Date): string {
  const day = String(date.getUTCDate()).padStart(2, '0')
  const time = date.toISOString().slice(-13, -5)
  const year = String(date.getUTCFullYear()).padStart(4, '0')
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${time} UTC ${year}`
}

/** java.math.BigDecimal#toString: without exponent only for a scale that is not negative and a value that is not very small. */
export function javaDecimal(value: Decimal): string {
  const digits = (value.unscaled < 0n ? -value.unscaled : value.unscaled).toString()
  const adjusted = digits.length - 1 - value.scale
  if (value.scale >= 0 && adjusted >= -6) return value.toString()
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
  return `${value.unscaled < 0n ? '-' : ''}${mantissa}E${adjusted < 0 ? '-' : '+'}${Math.abs(adjusted)}`
}
