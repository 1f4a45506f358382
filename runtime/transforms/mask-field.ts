import { configDef, DataError, Decimal, javaClass, validators } from '../api/index.ts'
import type { ConnectRecord, Props, Schema, SchemaType, Transformation, TransformationClass } from '../api/index.ts'
import { replaceNullKey } from './common-keys.ts'
import {
  copyOf,
  isObject,
  requireMap,
  requireStruct,
  SchemaCache,
  schemaOf,
  valueOf,
  withSide,
} from './key-or-value.ts'
import type { Side } from './key-or-value.ts'

const PURPOSE = 'mask fields'

const definition = configDef({
  fields: {
    type: 'LIST',
    validator: validators.list({ empty: false }),
    importance: 'HIGH',
    documentation: 'Names of fields to mask.',
  },
  replacement: {
    type: 'STRING',
    default: null,
    validator: validators.nonEmpty,
    importance: 'LOW',
    documentation: 'Custom value that replaces numbers and strings; default: what counts as empty for the type.',
  },
  ...replaceNullKey,
})

/** org.apache.kafka.connect.transforms.MaskField: fields are replaced by an empty or a given value. */
export function maskField(side: Side): TransformationClass {
  return class MaskField implements Transformation {
    #fields: ReadonlySet<string> = new Set()
    readonly #masks = new SchemaCache((schema) => (schema.fields ?? []).filter(({ name }) => this.#fields.has(name)))
    #replacement: string | null = null
    #replaceNull = true

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      const config = definition.parse(props)
      this.#fields = new Set(config.fields)
      this.#replacement = config.replacement
      this.#replaceNull = config['replace.null.with.default']
    }

    apply(record: ConnectRecord): ConnectRecord {
      const schema = schemaOf(record, side)
      const value = valueOf(record, side)
      if (schema === undefined) {
        const updated: Record<string, unknown> = { ...requireMap(value, PURPOSE) }
        for (const name of this.#fields) updated[name] = this.#masked(updated[name] ?? null, undefined)
        return withSide(record, side, undefined, updated)
      }
      const updated = copyOf(requireStruct(value, PURPOSE, schema), schema, this.#replaceNull)
      // A struct has no place for fields that its schema does not know; a schemaless map gets them as null.
      for (const { name, schema: field } of this.#masks.of(schema))
        updated[name] = this.#masked(updated[name] ?? null, field)
      return withSide(record, side, schema, updated)
    }

    #masked(value: unknown, schema: Schema | undefined): unknown {
      if (value === null) return null
      return this.#replacement === null ? emptyLike(value, schema) : replaced(value, this.#replacement, schema)
    }
  }
}

function emptyLike(value: unknown, schema: Schema | undefined): unknown {
  if (typeof value === 'number') return 0
  if (typeof value === 'bigint') return 0n
  if (typeof value === 'boolean') return false
  if (typeof value === 'string') return ''
  if (value instanceof Date) return new Date(0)
  if (value instanceof Decimal) return new Decimal(0n, value.scale)
  if (Array.isArray(value)) return []
  if (value instanceof Map) return new Map()
  if (isObject(value) && schema?.type !== 'STRUCT') return {}
  throw new DataError(`Cannot mask value of type: class ${javaClass(value, schema)}`)
}

function replaced(value: unknown, replacement: string, schema: Schema | undefined): unknown {
  if (typeof value === 'string') return replacement
  if (typeof value !== 'number' && typeof value !== 'bigint' && !(value instanceof Decimal))
    throw new DataError(`Cannot mask value of type class ${javaClass(value, schema)} with custom replacement.`)
  const number = Decimal.parse(replacement)
  if (number === undefined)
    throw new DataError(
      `Unable to convert ${replacement} (class java.lang.String) to ${value instanceof Decimal ? '' : 'a '}number`,
    )
  if (value instanceof Decimal) return number.atScale(value.scale)
  if (isFraction(value, schema)) return Number(replacement)
  // an integer takes the whole part, and of it what it has bits for
  const whole = BigInt.asIntN(BITS[schema?.type ?? 'INT64'] ?? 64, number.whole())
  return typeof value === 'bigint' ? whole : Number(whole)
}

const BITS: Partial<Record<SchemaType, number>> = { INT8: 8, INT16: 16, INT32: 32 }

function isFraction(value: number | bigint, schema: Schema | undefined): boolean {
  return schema === undefined
    ? typeof value === 'number' && !Number.isInteger(value)
    : schema.type === 'FLOAT32' || schema.type === 'FLOAT64'
}
