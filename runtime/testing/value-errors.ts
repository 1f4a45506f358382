import { plain } from '../api/encoded-value.ts'
import { DATE, DECIMAL, Decimal, TIME, TIMESTAMP } from '../api/logical-types.ts'
import { UnreachableError } from '../api/errors.ts'
import type { Schema } from '../api/schema.ts'

/** What is wrong with a value by its schema (api/schema.ts), with the path to it; empty when it fits. Without a schema anything fits. */
export function valueErrors(of: Schema | undefined, value: unknown, path = 'value'): readonly string[] {
  if (of === undefined) return []
  const given = plain(value)
  if (given === null || given === undefined)
    return of.optional || of.default !== undefined ? [] : [`${path} is ${String(given)}, but its schema is required`]
  const wrong = [`${path} is ${kindOf(given)}, which is no value of ${of.name ?? of.type}`]
  switch (of.name) {
    case DECIMAL:
      return given instanceof Decimal && String(given.scale) === of.parameters?.['scale'] ? [] : wrong
    case DATE:
    case TIME:
    case TIMESTAMP:
      return given instanceof Date ? [] : wrong
    default:
      return fitting(of, given, path, wrong)
  }
}

const INTEGER_BITS = { INT8: 8, INT16: 16, INT32: 32 } as const

function fitting(of: Schema, given: unknown, path: string, wrong: readonly string[]): readonly string[] {
  const fits = (yes: boolean): readonly string[] => (yes ? [] : wrong)
  switch (of.type) {
    case 'INT8':
    case 'INT16':
    case 'INT32': {
      const limit = 2 ** (INTEGER_BITS[of.type] - 1)
      return fits(typeof given === 'number' && Number.isInteger(given) && given >= -limit && given < limit)
    }
    case 'INT64':
      return fits(typeof given === 'bigint' && BigInt.asIntN(64, given) === given)
    case 'FLOAT32':
    case 'FLOAT64':
      return fits(typeof given === 'number')
    case 'BOOLEAN':
      return fits(typeof given === 'boolean')
    case 'STRING':
      return fits(typeof given === 'string')
    case 'BYTES':
      return fits(given instanceof Uint8Array)
    case 'ARRAY':
      return Array.isArray(given)
        ? given.flatMap((item, index) => valueErrors(of.valueSchema, item, `${path}[${index}]`))
        : wrong
    case 'MAP':
      return given instanceof Map
        ? [...given].flatMap(([key, item]) => [
            ...valueErrors(of.keySchema, key, `a key of ${path}`),
            ...valueErrors(of.valueSchema, item, `${path}[${String(key)}]`),
          ])
        : wrong
    case 'STRUCT':
      return typeof given === 'object' ? structErrors(of, given as Readonly<Record<string, unknown>>, path) : wrong
    default:
      throw new UnreachableError(of.type)
  }
}

function structErrors(of: Schema, struct: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const fields = of.fields ?? []
  const unknown = Object.keys(struct).filter((name) => !fields.some((field) => field.name === name))
  return [
    ...unknown.map((name) => `${path}.${name} is no field of its schema`),
    ...fields.flatMap(({ name, schema }) => valueErrors(schema, struct[name], `${path}.${name}`)),
  ]
}

function kindOf(value: unknown): string {
  if (typeof value === 'object') return `an object (${value?.constructor.name ?? 'null'})`
  return `${typeof value} ${String(value)}`
}
