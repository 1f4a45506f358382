import { configDef, ConfigError, schema as of } from '../api/index.ts'
import type {
  ConnectRecord,
  Props,
  Schema,
  SchemaAttributes,
  Transformation,
  TransformationClass,
  Validator,
} from '../api/index.ts'
import { CAST_TYPES, castValue, unsupportedType } from './cast-value.ts'
import type { CastType } from './cast-value.ts'
import { replaceNullKey } from './common-keys.ts'
import {
  basicsOf,
  copyOf,
  requireMap,
  requireStruct,
  SchemaCache,
  schemaOf,
  valueOf,
  withSide,
} from './key-or-value.ts'
import type { Side } from './key-or-value.ts'

const PURPOSE = 'cast types'

const specList: Validator = Object.assign(
  (key: string, value: unknown) => void parseSpec(key, (value ?? []) as readonly string[]),
  {
    describe: 'list of colon-delimited pairs, e.g. foo:bar,abc:xyz',
  },
)

const definition = configDef({
  spec: {
    type: 'LIST',
    validator: specList,
    importance: 'HIGH',
    documentation: 'Fields and the types to cast them to, field:type; or one type for the whole key or value.',
  },
  ...replaceNullKey,
})

const UNCASTABLE = { bytes: true, array: true, map: true, struct: true }

interface Spec {
  readonly whole: CastType | undefined
  readonly fields: ReadonlyMap<string, CastType>
}

function parseSpec(key: string, list: readonly string[]): Spec {
  if (list.length === 0) throw new ConfigError(key, 'Must specify at least one field to cast.')
  const fields = new Map<string, CastType>()
  let whole: CastType | undefined
  for (const entry of list) {
    const parts = entry.split(':')
    const type = parts.at(-1)!.trim().toLowerCase() as CastType
    if (parts.length > 2) throw ConfigError.invalid(key, entry, `Invalid rename mapping: ${entry}`)
    if (type in UNCASTABLE)
      throw new ConfigError(
        key,
        `Cast transformation does not support casting to ${type.toUpperCase()}; supported types are [${CAST_TYPES.join(', ').toUpperCase()}]`,
      )
    if (!CAST_TYPES.includes(type))
      throw ConfigError.invalid(
        key,
        entry,
        `Invalid type found in casting spec: ${parts.at(-1)}. One of ${CAST_TYPES.join(', ')} is expected`,
      )
    if (parts.length === 2) fields.set(parts[0]!.trim(), type)
    else whole = type
  }
  if (whole !== undefined && list.length > 1)
    throw new ConfigError(
      key,
      'Cast transformations that specify a type to cast the entire value to may only specify a single cast in their spec',
    )
  return { whole, fields }
}

/** org.apache.kafka.connect.transforms.Cast: fields, or the whole key or value, as another primitive type. */
export function cast(side: Side): TransformationClass {
  return class Cast implements Transformation {
    #spec: Spec = { whole: undefined, fields: new Map() }
    #replaceNull = true
    readonly #schemas = new SchemaCache((schema) => this.#updated(schema))
    readonly #castFields = new SchemaCache((schema) =>
      (schema.fields ?? []).filter(({ name }) => this.#spec.fields.has(name)),
    )

    static configDef(): typeof definition {
      return definition
    }

    configure(props: Props): void {
      const config = definition.parse(props)
      this.#spec = parseSpec('spec', config.spec)
      this.#replaceNull = config['replace.null.with.default']
    }

    apply(record: ConnectRecord): ConnectRecord {
      const value = valueOf(record, side)
      if (value === null || value === undefined) return record
      const schema = schemaOf(record, side)
      const { whole, fields } = this.#spec
      if (whole !== undefined)
        return withSide(
          record,
          side,
          schema === undefined ? undefined : this.#schemas.of(schema),
          castValue(value, whole, schema),
        )
      if (schema === undefined) {
        const updated: Record<string, unknown> = { ...requireMap(value, PURPOSE) }
        for (const [name, type] of fields) updated[name] = castValue(updated[name], type)
        return withSide(record, side, undefined, updated)
      }
      const struct = requireStruct(value, PURPOSE, schema)
      const target = this.#schemas.of(schema)
      const updated = copyOf(struct, schema, this.#replaceNull)
      for (const { name, schema: field } of this.#castFields.of(schema))
        updated[name] = castValue(updated[name], fields.get(name)!, field)
      return withSide(record, side, target, updated)
    }

    #updated(schema: Schema): Schema {
      const { whole, fields } = this.#spec
      if (whole !== undefined) return castSchema(schema, whole)
      const updated = (schema.fields ?? []).map(({ name, schema: field }) => {
        const type = fields.get(name)
        return [name, type === undefined ? field : castSchema(field, type)] as const
      })
      const { optional, default: fallback } = schema
      return of.struct(updated, {
        ...basicsOf(schema),
        optional,
        ...(fallback === undefined ? {} : { default: fallback }),
      })
    }
  }
}

/** The primitive type, as optional as before, with the default cast too. */
function castSchema(from: Schema, type: CastType): Schema {
  if (from.type === 'ARRAY' || from.type === 'MAP' || from.type === 'STRUCT') throw unsupportedType(from.type)
  const fallback = castValue(from.default, type, from)
  const attributes: SchemaAttributes = { optional: from.optional, ...(fallback === null ? {} : { default: fallback }) }
  return of[type](attributes)
}
