import { configDef, DataError, Decimal, validators } from '../api/index.ts'
import type { ConnectRecord, Props, Schema, Transformation, TransformationClass } from '../api/index.ts'
import { replaceNullKey } from './common-keys.ts'
import {
  fieldValue,
  isObject,
  javaClass,
  requireMap,
  requireStruct,
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
      const updated: Record<string, unknown> =
        schema === undefined ? { ...requireMap(value, PURPOSE) } : this.#copied(requireStruct(value, PURPOSE), schema)
      for (const name of this.#fields) {
        // A struct has no place for fields that its schema does not know; a schemaless map gets them as null.
        if (schema === undefined || Object.hasOwn(updated, name))
          updated[name] = this.#masked(updated[name] ?? null, schema, name)
      }
      return withSide(record, side, schema, updated)
    }

    #copied(struct: Readonly<Record<string, unknown>>, schema: Schema): Record<string, unknown> {
      const fields = schema.fields ?? []
      return Object.fromEntries(
        fields.map(({ name, schema: field }) => [name, fieldValue(struct, name, field, this.#replaceNull)]),
      )
    }

    #masked(value: unknown, schema: Schema | undefined, name: string): unknown {
      if (value === null) return null
      if (this.#replacement === null)
        return emptyLike(value, schema?.fields?.find((field) => field.name === name)?.schema)
      return replaced(value, this.#replacement, schema?.fields?.find((field) => field.name === name)?.schema)
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
  throw new DataError(`Cannot mask value of type: class ${javaClass(value)}`)
}

function replaced(value: unknown, replacement: string, schema: Schema | undefined): unknown {
  if (typeof value === 'string') return replacement
  const isNumber = typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal
  if (!isNumber) throw new DataError(`Cannot mask value of type class ${javaClass(value)} with custom replacement.`)
  const match = /^([+-]?\d+)(?:\.(\d+))?$/.exec(replacement)
  if (value instanceof Decimal && match !== null)
    return new Decimal(BigInt(match[1]! + (match[2] ?? '')), match[2]?.length ?? 0)
  // an integer takes the whole part
  if (typeof value === 'bigint' && match !== null) return BigInt(match[1]!)
  if (typeof value === 'number' && replacement.trim() !== '' && !Number.isNaN(Number(replacement)))
    return isFraction(value, schema) ? Number(replacement) : Math.trunc(Number(replacement))
  throw new DataError(`Unable to convert ${replacement} (class java.lang.String) to a number`)
}

function isFraction(value: number, schema: Schema | undefined): boolean {
  return schema === undefined ? !Number.isInteger(value) : schema.type === 'FLOAT32' || schema.type === 'FLOAT64'
}
