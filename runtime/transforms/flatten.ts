import { configDef, DataError, schema as of, withAttributes } from '../api/index.ts'
import type { ConnectRecord, Props, Schema, Transformation, TransformationClass } from '../api/index.ts'
import {
  basicsOf,
  isObject,
  requireMap,
  requireStruct,
  SchemaCache,
  schemaOf,
  valueOf,
  withSide,
} from './key-or-value.ts'
import type { Fields, Side } from './key-or-value.ts'

const PURPOSE = 'flattening'

const definition = configDef({
  delimiter: {
    type: 'STRING',
    default: '.',
    importance: 'MEDIUM',
    documentation:
      'Delimiter to insert between field names from the input record when generating field names for the output record.',
  },
})

/** org.apache.kafka.connect.transforms.Flatten: nested structures become fields with joined names; arrays stay whole. */
export function flatten(side: Side): TransformationClass {
  return class Flatten implements Transformation {
    #delimiter = '.'
    readonly #schemas = new SchemaCache((schema) => {
      const fields: [string, Schema][] = []
      this.#collect(schema, '', schema.optional, schema.default, fields)
      return of.struct(fields, basicsOf(schema))
    })

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      this.#delimiter = definition.parse(props).delimiter
    }

    apply(record: ConnectRecord): ConnectRecord {
      const value = valueOf(record, side)
      if (value === null || value === undefined) return record
      const schema = schemaOf(record, side)
      const flat: Record<string, unknown> = {}
      if (schema === undefined) {
        this.#flattenMap(requireMap(value, PURPOSE), '', flat)
        return withSide(record, side, undefined, flat)
      }
      this.#flattenStruct(requireStruct(value, PURPOSE, schema), schema, '', flat)
      return withSide(record, side, this.#schemas.of(schema), flat)
    }

    #name(prefix: string, name: string): string {
      return prefix === '' ? name : prefix + this.#delimiter + name
    }

    #flattenMap(map: Fields, prefix: string, flat: Record<string, unknown>): void {
      for (const [key, value] of Object.entries(map)) {
        const name = this.#name(prefix, key)
        if (value instanceof Map || isObject(value)) this.#flattenMap(requireMap(value, PURPOSE), name, flat)
        else flat[name] = value
      }
    }

    #flattenStruct(struct: Fields | null, schema: Schema, prefix: string, flat: Record<string, unknown>): void {
      for (const { name: key, schema: field } of schema.fields ?? []) {
        const name = this.#name(prefix, key)
        const value = struct?.[key] ?? (struct === null ? null : (field.default ?? null))
        if (field.type === 'STRUCT') this.#flattenStruct(value as Fields | null, field, name, flat)
        else flat[name] = value
      }
    }

    /** A leaf is optional when it or anything above it is; a default above gives the leaves theirs. */
    #collect(
      schema: Schema,
      prefix: string,
      optional: boolean,
      parentDefault: unknown,
      fields: [string, Schema][],
    ): void {
      for (const { name: key, schema: field } of schema.fields ?? []) {
        const name = this.#name(prefix, key)
        const inherited = isObject(parentDefault) ? parentDefault[key] : undefined
        const fallback = inherited ?? field.default
        if (field.type === 'STRUCT') this.#collect(field, name, optional || field.optional, fallback, fields)
        else if (field.type === 'MAP')
          throw new DataError(
            `Flatten transformation does not support MAP for record with schemas (for field ${name}).`,
          )
        else
          fields.push([
            name,
            withAttributes(field, { optional: optional || field.optional, default: fallback ?? undefined }),
          ])
      }
    }
  }
}
