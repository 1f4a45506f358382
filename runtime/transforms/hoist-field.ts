import { configDef, schema as of } from '../api/index.ts'
import type { ConnectRecord, Props, Transformation, TransformationClass } from '../api/index.ts'
import { SchemaCache, schemaOf, valueOf, withSide } from './key-or-value.ts'
import type { Side } from './key-or-value.ts'

const definition = configDef({
  field: {
    type: 'STRING',
    importance: 'MEDIUM',
    documentation: 'Field name for the single field that will be created.',
  },
})

/** org.apache.kafka.connect.transforms.HoistField: wraps the key or value, null too, in a structure with one field. */
export function hoistField(side: Side): TransformationClass {
  return class HoistField implements Transformation {
    #field = ''
    readonly #schemas = new SchemaCache((schema) => of.struct([[this.#field, schema]]))

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      this.#field = definition.parse(props).field
    }

    apply(record: ConnectRecord): ConnectRecord {
      const schema = schemaOf(record, side)
      const hoisted = { [this.#field]: valueOf(record, side) ?? null }
      return withSide(record, side, schema === undefined ? undefined : this.#schemas.of(schema), hoisted)
    }
  }
}
