import { configDef, DataError, validators } from '../api/index.ts'
import type { ConnectRecord, Props, Transformation, TransformationClass } from '../api/index.ts'
import { replaceNullKey } from './common-keys.ts'
import { fieldPath, mapValueAt, schemaAt, structValueAt } from './field-path.ts'
import type { FieldSyntax } from './field-path.ts'
import { requireMap, requireStruct, schemaOf, valueOf, withSide } from './key-or-value.ts'
import type { Side } from './key-or-value.ts'

const PURPOSE = 'field extraction'

const definition = configDef({
  field: { type: 'STRING', importance: 'MEDIUM', documentation: 'Field name, or path, to extract.' },
  ...replaceNullKey,
  'field.syntax.version': {
    type: 'STRING',
    default: 'V1',
    validator: validators.oneOfIgnoreCase('V1', 'V2'),
    importance: 'HIGH',
    documentation: 'V1: field is one name. V2: dots in it descend into nested structures.',
  },
})

/** org.apache.kafka.connect.transforms.ExtractField: the key or value becomes one of its fields. */
export function extractField(side: Side): TransformationClass {
  return class ExtractField implements Transformation {
    #field = ''
    #path: readonly string[] = []
    #replaceNull = true

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      const config = definition.parse(props)
      this.#field = config.field
      this.#path = fieldPath(config.field, config['field.syntax.version'].toUpperCase() as FieldSyntax)
      this.#replaceNull = config['replace.null.with.default']
    }

    apply(record: ConnectRecord): ConnectRecord {
      const schema = schemaOf(record, side)
      const value = valueOf(record, side) ?? null
      if (schema === undefined) {
        const extracted = value === null ? null : mapValueAt(requireMap(value, PURPOSE), this.#path)
        return withSide(record, side, undefined, extracted)
      }
      const struct = value === null ? null : requireStruct(value, PURPOSE, schema)
      const fieldSchema = schemaAt(schema, this.#path)
      if (fieldSchema === undefined) throw new DataError(`Unknown field: ${this.#field}`)
      const extracted = struct === null ? null : structValueAt(struct, schema, this.#path, this.#replaceNull)
      return withSide(record, side, fieldSchema, extracted)
    }
  }
}
