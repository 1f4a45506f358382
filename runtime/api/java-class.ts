import { Decimal } from './logical-types.ts'
import type { Schema, SchemaType } from './schema.ts'

const NUMBERS: Partial<Record<SchemaType, string>> = {
  INT8: 'java.lang.Byte',
  INT16: 'java.lang.Short',
  INT32: 'java.lang.Integer',
  FLOAT32: 'java.lang.Float',
  FLOAT64: 'java.lang.Double',
}

/** The Java class that messages of Kafka Connect name for such a value; the schema tells what kind of number it is. */
export function javaClass(value: unknown, of?: Schema): string {
  switch (typeof value) {
    case 'string':
      return 'java.lang.String'
    case 'number':
      return (of && NUMBERS[of.type]) ?? (Number.isInteger(value) ? 'java.lang.Long' : 'java.lang.Double')
    case 'bigint':
      return 'java.lang.Long'
    case 'boolean':
      return 'java.lang.Boolean'
    case 'object':
      return value === null ? 'null' : objectClass(value, of)
    case 'undefined':
    case 'function':
    case 'symbol':
      return 'null'
  }
}

function objectClass(value: object, of: Schema | undefined): string {
  if (Array.isArray(value)) return 'java.util.ArrayList'
  if (value instanceof Uint8Array) return '[B'
  if (value instanceof Date) return 'java.util.Date'
  if (value instanceof Decimal) return 'java.math.BigDecimal'
  return of?.type === 'STRUCT' ? 'org.apache.kafka.connect.data.Struct' : 'java.util.HashMap'
}
