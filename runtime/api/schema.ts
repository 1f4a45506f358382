import { DataError } from './errors.ts'

/**
 * Schemas of Connect's data model (org.apache.kafka.connect.data.Schema). Values are plain:
 *
 * | type | value |
 * |---|---|
 * | INT8 INT16 INT32 | number |
 * | INT64 | bigint |
 * | FLOAT32 FLOAT64 | number |
 * | BOOLEAN | boolean |
 * | STRING | string |
 * | BYTES | Uint8Array |
 * | ARRAY | array |
 * | MAP | Map |
 * | STRUCT | plain object, one own property per field that is set |
 *
 * Logical types (logical-types.ts) have values of their own: Decimal, Date. Without a schema a value is a string, boolean,
 * number (integral: written as an integer), bigint, Uint8Array, array, Map or plain object.
 */
export type SchemaType =
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FLOAT32'
  | 'FLOAT64'
  | 'BOOLEAN'
  | 'STRING'
  | 'BYTES'
  | 'ARRAY'
  | 'MAP'
  | 'STRUCT'

export interface Field {
  readonly name: string
  readonly index: number
  readonly schema: Schema
}

/** Immutable; compare with `schemasEqual`, key caches by identity. */
export interface Schema {
  readonly type: SchemaType
  readonly optional: boolean
  readonly name?: string
  readonly version?: number
  readonly doc?: string
  readonly parameters?: Readonly<Record<string, string>>
  /** Absent when there is none; in plain form. */
  readonly default?: unknown
  /** STRUCT */
  readonly fields?: readonly Field[]
  /** MAP */
  readonly keySchema?: Schema
  /** ARRAY: of the items; MAP: of the values */
  readonly valueSchema?: Schema
}

export type SchemaAttributes = Partial<Pick<Schema, 'optional' | 'name' | 'version' | 'doc' | 'parameters' | 'default'>>

function scalar(type: SchemaType, attributes: SchemaAttributes = {}): Schema {
  return Object.freeze({ type, optional: false, ...attributes })
}

export const schema = {
  int8: (a?: SchemaAttributes): Schema => scalar('INT8', a),
  int16: (a?: SchemaAttributes): Schema => scalar('INT16', a),
  int32: (a?: SchemaAttributes): Schema => scalar('INT32', a),
  int64: (a?: SchemaAttributes): Schema => scalar('INT64', a),
  float32: (a?: SchemaAttributes): Schema => scalar('FLOAT32', a),
  float64: (a?: SchemaAttributes): Schema => scalar('FLOAT64', a),
  boolean: (a?: SchemaAttributes): Schema => scalar('BOOLEAN', a),
  string: (a?: SchemaAttributes): Schema => scalar('STRING', a),
  bytes: (a?: SchemaAttributes): Schema => scalar('BYTES', a),
  array: (items: Schema, a: SchemaAttributes = {}): Schema =>
    Object.freeze({ type: 'ARRAY', optional: false, ...a, valueSchema: items }),
  map: (keys: Schema, values: Schema, a: SchemaAttributes = {}): Schema =>
    Object.freeze({ type: 'MAP', optional: false, ...a, keySchema: keys, valueSchema: values }),
  struct: (
    fields: Readonly<Record<string, Schema>> | readonly (readonly [string, Schema])[],
    a: SchemaAttributes = {},
  ): Schema => {
    const entries = Array.isArray(fields) ? (fields as readonly (readonly [string, Schema])[]) : Object.entries(fields)
    const names = new Set<string>()
    for (const [name] of entries) {
      if (name === '')
        throw new DataError('fieldName cannot be null.', { cause: new DataError('the name of a field is empty') })
      if (names.has(name)) throw new DataError(`Cannot create field because of field name duplication ${name}`)
      names.add(name)
    }
    return Object.freeze({
      type: 'STRUCT',
      optional: false,
      ...a,
      fields: Object.freeze(entries.map(([name, of], index) => Object.freeze({ name, index, schema: of }))),
    })
  },
}

/** The same schema with other attributes. `undefined` removes one. */
export function withAttributes(
  of: Schema,
  attributes: { [K in keyof SchemaAttributes]: SchemaAttributes[K] | undefined },
): Schema {
  const merged: Record<string, unknown> = { ...of, ...attributes }
  for (const key of Object.keys(merged)) if (merged[key] === undefined) delete merged[key]
  return Object.freeze(merged) as unknown as Schema
}

export function fieldOf(struct: Schema, name: string): Field | undefined {
  return struct.fields?.find((field) => field.name === name)
}
