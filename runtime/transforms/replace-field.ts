import { configDef, ConfigError, schema as of } from '../api/index.ts'
import type { ConnectRecord, Props, Schema, Transformation, TransformationClass, Validator } from '../api/index.ts'
import { replaceNullKey } from './common-keys.ts'
import {
  basicsOf,
  fieldValue,
  hasFieldDefaults,
  requireMap,
  requireStruct,
  SchemaCache,
  schemaOf,
  valueOf,
  withSide,
} from './key-or-value.ts'
import type { Side } from './key-or-value.ts'

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

/** org.apache.kafka.connect.transforms.ReplaceField: leaves out and renames fields. */
export function replaceField(side: Side): TransformationClass {
  return class ReplaceField implements Transformation {
    #exclude: ReadonlySet<string> = new Set()
    #include: ReadonlySet<string> = new Set()
    #renames: ReadonlyMap<string, string> = new Map()
    #replaceNull = true
    readonly #schemas = new SchemaCache((schema) => this.#updated(schema))

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
        if (this.#keepsAll(Object.keys(fields))) return record
        const kept = Object.entries(fields).filter(([name]) => this.#keeps(name))
        return withSide(
          record,
          side,
          undefined,
          Object.fromEntries(kept.map(([name, item]) => [this.#renamed(name), item])),
        )
      }
      const struct = requireStruct(value, PURPOSE)
      const updated = this.#schemas.of(schema)
      if (updated === schema && !(this.#replaceNull && hasFieldDefaults(schema))) return record
      const fields: Record<string, unknown> = {}
      for (const { name, schema: field } of schema.fields ?? []) {
        if (this.#keeps(name)) fields[this.#renamed(name)] = fieldValue(struct, name, field, this.#replaceNull)
      }
      return withSide(record, side, updated, fields)
    }

    /** The same schema when no field changes: records of it pass through untouched. */
    #updated(schema: Schema): Schema {
      const fields = schema.fields ?? []
      if (this.#keepsAll(fields.map(({ name }) => name))) return schema
      const kept = fields.filter(({ name }) => this.#keeps(name))
      return of.struct(
        kept.map(({ name, schema: field }) => [this.#renamed(name), field] as const),
        basicsOf(schema),
      )
    }

    #keepsAll(names: readonly string[]): boolean {
      return names.every((name) => this.#keeps(name) && !this.#renames.has(name))
    }

    #keeps(name: string): boolean {
      return !this.#exclude.has(name) && (this.#include.size === 0 || this.#include.has(name))
    }

    #renamed(name: string): string {
      return this.#renames.get(name) ?? name
    }
  }
}
