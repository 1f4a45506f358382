import { DataError, Decimal, javaClass, plain } from '../api/index.ts'
import type { ConnectRecord, Field, Schema } from '../api/index.ts'

/** The half of a record that a transformation works on; the end of its class name, after a `$`. */
export type Side = 'Key' | 'Value'

export function schemaOf(record: ConnectRecord, side: Side): Schema | undefined {
  return side === 'Key' ? record.keySchema : record.valueSchema
}

/** The plain value: an encoded one is decoded. */
export function valueOf(record: ConnectRecord, side: Side): unknown {
  return plain(side === 'Key' ? record.key : record.value)
}

/** The same record with another key or value. */
export function withSide(record: ConnectRecord, side: Side, schema: Schema | undefined, value: unknown): ConnectRecord {
  return side === 'Key' ? { ...record, keySchema: schema, key: value } : { ...record, valueSchema: schema, value }
}

export type Fields = Readonly<Record<string, unknown>>

/** The value as a struct; `purpose` stands in the message when it is none. */
export function requireStruct(value: unknown, purpose: string, schema: Schema): Fields {
  if (isObject(value)) return value
  throw new DataError(`Only Struct objects supported for [${purpose}], found: ${javaClass(value, schema)}`)
}

/** A schemaless value as an object with its entries; Maps are copied. */
export function requireMap(value: unknown, purpose: string): Fields {
  if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>)
  if (isObject(value)) return value
  throw new DataError(`Only Map objects supported in absence of schema for [${purpose}], found: ${javaClass(value)}`)
}

export function isObject(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  return (
    Object.getPrototypeOf(value) === Object.prototype ||
    (!Array.isArray(value) &&
      !(value instanceof Map) &&
      !(value instanceof Date) &&
      !(value instanceof Decimal) &&
      !(value instanceof Uint8Array))
  )
}

/** A field of a struct: its default stands in for null when `replaceNull`. */
export function fieldValue(struct: Fields, name: string, schema: Schema, replaceNull: boolean): unknown {
  const value = Object.hasOwn(struct, name) ? (struct[name] ?? null) : null
  return value === null && replaceNull && schema.default !== undefined ? schema.default : value
}

const withDefault = new WeakMap<Schema, readonly Field[]>()

/** The fields of a struct that have a default. */
export function fieldsWithDefault(struct: Schema): readonly Field[] {
  let fields = withDefault.get(struct)
  if (fields === undefined) {
    fields = (struct.fields ?? []).filter((field) => field.schema.default !== undefined)
    withDefault.set(struct, fields)
  }
  return fields
}

/** A copy of a struct for a transformation to change; defaults stand in for nulls when `replaceNull`. */
export function copyOf(struct: Fields, schema: Schema, replaceNull: boolean): Record<string, unknown> {
  const copy = { ...struct }
  if (replaceNull) {
    for (const { name, schema: field } of fieldsWithDefault(schema))
      if (copy[name] === null || copy[name] === undefined) copy[name] = field.default
  }
  return copy
}

/** Name, version, doc and parameters: what a struct keeps when its fields change. Optionality and default are not copied. */
export function basicsOf({ name, version, doc, parameters }: Schema): Partial<Schema> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(doc === undefined ? {} : { doc }),
    ...(parameters === undefined ? {} : { parameters }),
  }
}

/** What a transformation makes of a schema, mostly another schema, by the identity of the schema that comes in. */
export class SchemaCache<T extends object = Schema> {
  readonly #make: (schema: Schema) => T
  readonly #made = new WeakMap<Schema, T>()
  #last: Schema | undefined
  #lastMade: T | undefined

  constructor(make: (schema: Schema) => T) {
    this.#make = make
  }

  of(schema: Schema): T {
    // records of one schema come in runs
    if (schema === this.#last) return this.#lastMade!
    let made = this.#made.get(schema)
    if (made === undefined) {
      made = this.#make(schema)
      this.#made.set(schema, made)
    }
    this.#last = schema
    this.#lastMade = made
    return made
  }
}
