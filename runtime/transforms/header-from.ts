import { configDef, ConfigError, DataError, fieldOf, schema as of, validators } from '../api/index.ts'
import type { ConnectRecord, Header, Props, Schema, Transformation, TransformationClass } from '../api/index.ts'
import { nonEmptyList, replaceNullKey } from './common-keys.ts'
import {
  basicsOf,
  fieldValue,
  requireMap,
  requireStruct,
  SchemaCache,
  schemaOf,
  valueOf,
  withSide,
} from './key-or-value.ts'
import type { Fields, Side } from './key-or-value.ts'

const definition = configDef({
  fields: {
    type: 'LIST',
    validator: nonEmptyList,
    importance: 'HIGH',
    documentation: 'Field names in the record whose values are to be copied or moved to headers.',
  },
  headers: {
    type: 'LIST',
    validator: nonEmptyList,
    importance: 'HIGH',
    documentation: 'Header names, in the same order as the field names.',
  },
  operation: {
    type: 'STRING',
    validator: validators.oneOf('move', 'copy'),
    importance: 'HIGH',
    documentation: 'move: the fields are removed from the record. copy: they stay.',
  },
  ...replaceNullKey,
})

/** org.apache.kafka.connect.transforms.HeaderFrom: fields become headers. */
export function headerFrom(side: Side): TransformationClass {
  return class HeaderFrom implements Transformation {
    #fields: readonly string[] = []
    #headers: readonly string[] = []
    #moves = false
    #purpose = ''
    #replaceNull = true
    readonly #schemas = new SchemaCache((schema) =>
      of.struct(
        this.#kept(schema).map(({ name, schema: field }) => [name, field] as const),
        basicsOf(schema),
      ),
    )

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      const config = definition.parse(props)
      if (config.fields.length !== config.headers.length)
        throw new ConfigError('headers', "'fields' config must have the same number of elements as 'headers' config.")
      this.#fields = config.fields
      this.#headers = config.headers
      this.#moves = config.operation === 'move'
      this.#purpose = `header ${config.operation}`
      this.#replaceNull = config['replace.null.with.default']
    }

    apply(record: ConnectRecord): ConnectRecord {
      const schema = schemaOf(record, side)
      const value = valueOf(record, side)
      return schema === undefined
        ? this.#schemaless(record, requireMap(value, this.#purpose))
        : this.#typed(record, schema, requireStruct(value, this.#purpose, schema))
    }

    #schemaless(record: ConnectRecord, map: Fields): ConnectRecord {
      const added = this.#fields.map((name, i): Header => ({
        key: this.#headers[i]!,
        schema: undefined,
        value: map[name] ?? null,
      }))
      const headers = [...record.headers, ...added]
      if (!this.#moves) return { ...record, headers }
      const rest = Object.fromEntries(Object.entries(map).filter(([name]) => !this.#fields.includes(name)))
      return withSide({ ...record, headers }, side, undefined, rest)
    }

    #typed(record: ConnectRecord, schema: Schema, struct: Fields): ConnectRecord {
      const added = this.#fields.map((name, i): Header => {
        const field = fieldOf(schema, name)
        if (field === undefined) throw new DataError(`Field does not exist: ${name}`)
        const value = fieldValue(struct, name, field.schema, this.#replaceNull)
        return { key: this.#headers[i]!, schema: field.schema, value }
      })
      const headers = [...record.headers, ...added]
      if (!this.#moves) return { ...record, headers }
      const rest = this.#kept(schema).map(({ name, schema: field }) => [
        name,
        fieldValue(struct, name, field, this.#replaceNull),
      ])
      return withSide({ ...record, headers }, side, this.#schemas.of(schema), Object.fromEntries(rest))
    }

    #kept(schema: Schema): NonNullable<Schema['fields']> {
      return (schema.fields ?? []).filter(({ name }) => !this.#fields.includes(name))
    }
  }
}
