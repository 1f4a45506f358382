import { configDef, ConfigError, schema as of } from '../api/index.ts'
import type { ConnectRecord, Props, Schema, Transformation, TransformationClass, Validator } from '../api/index.ts'
import { replaceNullKey } from './common-keys.ts'
import {
  basicsOf,
  copyOf,
  fieldsWithDefault,
  fieldValue,
  requireMap,
  requireStruct,
  SchemaCache,
  schemaOf,
  valueOf,
  withSide,
} from './key-or-value.ts'
import type { Fields, Side } from './key-or-value.ts'

const PURPOSE = 'field replacement'

const renameList: Validator = Object.assign(
  (key: string, value: unknown) => {
    for (const mapping of (value ?? []) as readonly string[]) {
      if (!/^[^:]+:[^:]+$/s.test(mapping))
        throw ConfigError.invalid(
          key,
          `[${(value as readonly string[]).join(', ')}]`,
          `Invalid rename mapping: ${mapping}`,
        )
    }
  },
  { describe: 'list of colon-delimited pairs, e.g. foo:bar,abc:xyz' },
)

const definition = configDef({
  exclude: {
    type: 'LIST',
    default: [],
    importance: 'MEDIUM',
    documentation: 'Fields to exclude. Wins over fields to include.',
  },
  include: {
    type: 'LIST',
    default: [],
    importance: 'MEDIUM',
    documentation: 'Fields to include; when given, only these stay.',
  },
  renames: {
    type: 'LIST',
    default: [],
    validator: renameList,
    importance: 'MEDIUM',
    documentation: 'Field rename mappings, old:new.',
  },
  ...replaceNullKey,
})

/** Fields that stay, in order. */
interface Plan {
  readonly schema: Schema
  /** All stay, under their names. */
  readonly same: boolean
  readonly kept: readonly { readonly from: string; readonly to: string; readonly schema: Schema }[]
}

/** Schemaless records could have ever new names. */
const MAX_NAMES = 4096

/** org.apache.kafka.connect.transforms.ReplaceField: leaves out and renames fields. */
export function replaceField(side: Side): TransformationClass {
  return class ReplaceField implements Transformation {
    #exclude: ReadonlySet<string> = new Set()
    #include: ReadonlySet<string> = new Set()
    #renames: ReadonlyMap<string, string> = new Map()
    #replaceNull = true
    readonly #plans = new SchemaCache((schema) => this.#plan(schema))
    readonly #names = new Map<string, string | null>()

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      const config = definition.parse(props)
      this.#exclude = new Set(config.exclude)
      this.#include = new Set(config.include)
      this.#renames = new Map(config.renames.map((mapping) => mapping.split(':') as [string, string]))
      this.#replaceNull = config['replace.null.with.default']
    }

    apply(record: ConnectRecord): ConnectRecord {
      const value = valueOf(record, side)
      if (value === null || value === undefined) return record
      const schema = schemaOf(record, side)
      if (schema === undefined) {
        const fields = requireMap(value, PURPOSE)
        const kept = this.#replaced(fields)
        return kept === fields ? record : withSide(record, side, undefined, kept)
      }
      const struct = requireStruct(value, PURPOSE, schema)
      const { schema: updated, kept, same } = this.#plans.of(schema)
      if (same) {
        if (this.#replaceNull && fieldsWithDefault(schema).length > 0)
          return withSide(record, side, updated, copyOf(struct, schema, true))
        return updated === schema ? record : withSide(record, side, updated, side === 'Key' ? record.key : record.value)
      }
      const fields: Record<string, unknown> = {}
      for (let i = 0; i < kept.length; i++) {
        const { from, to, schema: field } = kept[i]!
        fields[to] = fieldValue(struct, from, field, this.#replaceNull)
      }
      return withSide(record, side, updated, fields)
    }

    /** The same object when no field changes. */
    #replaced(fields: Fields): Fields {
      const names = Object.keys(fields)
      const kept: Record<string, unknown> = {}
      let same = true
      for (let i = 0; i < names.length; i++) {
        const name = names[i]!
        const to = this.#name(name)
        if (to !== name) same = false
        if (to !== null) kept[to] = fields[name]
      }
      return same ? fields : kept
    }

    /** What becomes of the structs of a schema. Its optionality and default go, as in Kafka Connect, also when no field does. */
    #plan(schema: Schema): Plan {
      const fields = schema.fields ?? []
      const kept = fields.flatMap(({ name, schema: field }) => {
        const to = this.#name(name)
        return to === null ? [] : [{ from: name, to, schema: field }]
      })
      const same = kept.length === fields.length && kept.every(({ from, to }) => from === to)
      if (same && !schema.optional && schema.default === undefined) return { schema, same, kept }
      const updated = kept.map(({ to, schema: field }) => [to, field] as const)
      return { schema: of.struct(updated, basicsOf(schema)), same, kept }
    }

    /** The name a field has afterwards; null: it is left out. */
    #name(name: string): string | null {
      let to = this.#names.get(name)
      if (to === undefined) {
        const keeps = !this.#exclude.has(name) && (this.#include.size === 0 || this.#include.has(name))
        to = keeps ? (this.#renames.get(name) ?? name) : null
        if (this.#names.size < MAX_NAMES) this.#names.set(name, to)
      }
      return to
    }
  }
}
