import { configDef, ConfigError, DataError, withAttributes } from '../api/index.ts'
import type { ConnectRecord, Props, Transformation, TransformationClass } from '../api/index.ts'
import { replaceNullKey } from './common-keys.ts'
import { copyOf, fieldsWithDefault, isObject, SchemaCache, schemaOf, valueOf, withSide } from './key-or-value.ts'
import type { Side } from './key-or-value.ts'

const definition = configDef({
  'schema.name': { type: 'STRING', default: null, importance: 'HIGH', documentation: 'Schema name to set.' },
  'schema.version': { type: 'INT', default: null, importance: 'HIGH', documentation: 'Schema version to set.' },
  ...replaceNullKey,
})

/** org.apache.kafka.connect.transforms.SetSchemaMetadata: another name or version; the value stays as it is, encoded or not, unless a default stands in for a null. */
export function setSchemaMetadata(side: Side): TransformationClass {
  return class SetSchemaMetadata implements Transformation {
    #name: string | null = null
    #version: number | null = null
    #replaceNull = true
    readonly #schemas = new SchemaCache((schema) =>
      withAttributes(schema, {
        ...(this.#name === null ? {} : { name: this.#name }),
        ...(this.#version === null ? {} : { version: this.#version }),
      }),
    )

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      const config = definition.parse(props)
      this.#name = config['schema.name']
      this.#version = config['schema.version']
      this.#replaceNull = config['replace.null.with.default']
      if (this.#name === null && this.#version === null)
        throw new ConfigError('schema.name', 'Neither schema name nor version configured')
    }

    apply(record: ConnectRecord): ConnectRecord {
      const schema = schemaOf(record, side)
      if (schema === undefined) {
        if ((side === 'Key' ? record.key : record.value) === null) return record
        throw new DataError('Schema required for [updating schema metadata]')
      }
      const updated = this.#schemas.of(schema)
      if (this.#replaceNull && fieldsWithDefault(schema).length > 0) {
        const struct = valueOf(record, side)
        if (isObject(struct)) return withSide(record, side, updated, copyOf(struct, schema, true))
      }
      return side === 'Key' ? { ...record, keySchema: updated } : { ...record, valueSchema: updated }
    }
  }
}
