import { configDef, DataError, fieldOf, schema as of, validators } from '../api/index.ts'
import type { ConnectRecord, Props, Schema, Transformation } from '../api/index.ts'
import { replaceNullKey } from './common-keys.ts'
import { fieldValue, requireMap, requireStruct, SchemaCache, valueOf, withSide } from './key-or-value.ts'

const PURPOSE = 'copying fields from value to key'

const definition = configDef({
  fields: {
    type: 'LIST',
    validator: validators.list({ empty: false }),
    importance: 'HIGH',
    documentation: 'Field names on the record value to extract as the record key.',
  },
  ...replaceNullKey,
})

/** org.apache.kafka.connect.transforms.ValueToKey: a key made of fields of the value. */
export class ValueToKey implements Transformation {
  #fields: readonly string[] = []
  #replaceNull = true
  readonly #keySchemas = new SchemaCache((schema) =>
    of.struct(this.#fields.map((name) => [name, this.#fieldSchema(schema, name)] as const)),
  )

  static configDef(): typeof definition {
    return definition
  }

  configure(props: Props): void {
    const config = definition.parse(props)
    this.#fields = config.fields
    this.#replaceNull = config['replace.null.with.default']
  }

  apply(record: ConnectRecord): ConnectRecord {
    const value = valueOf(record, 'Value')
    const schema = record.valueSchema
    const key: Record<string, unknown> = {}
    if (schema === undefined) {
      const fields = requireMap(value, PURPOSE)
      for (const name of this.#fields) key[name] = Object.hasOwn(fields, name) ? fields[name] : null
      return withSide(record, 'Key', undefined, key)
    }
    const struct = requireStruct(value, PURPOSE, schema)
    const keySchema = this.#keySchemas.of(schema)
    for (const name of this.#fields)
      key[name] = fieldValue(struct, name, this.#fieldSchema(schema, name), this.#replaceNull)
    return withSide(record, 'Key', keySchema, key)
  }

  #fieldSchema(schema: Schema, name: string): Schema {
    const field = fieldOf(schema, name)
    if (field === undefined) throw new DataError(`Field does not exist: ${name}`)
    return field.schema
  }
}
