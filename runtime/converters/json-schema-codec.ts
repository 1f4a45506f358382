import { ByteWriter, DataError, schema as of, withAttributes, writeJsonString } from '../api/index.ts'
import type { Schema, SchemaAttributes, SchemaType } from '../api/index.ts'
import { fromJson } from './json-reader.ts'
import { writeJson } from './json-writer.ts'
import type { JsonFormat } from './json-writer.ts'

const NAMES: Readonly<Record<SchemaType, string>> = {
  BOOLEAN: 'boolean',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FLOAT32: 'float',
  FLOAT64: 'double',
  BYTES: 'bytes',
  STRING: 'string',
  ARRAY: 'array',
  MAP: 'map',
  STRUCT: 'struct',
}
const TYPES: ReadonlyMap<unknown, SchemaType> = new Map(
  Object.entries(NAMES).map(([type, name]) => [name, type as SchemaType]),
)

/** Append a schema as JsonConverter writes it; `field` is the name inside a struct. */
export function writeSchema(out: ByteWriter, schema: Schema, format: JsonFormat, field?: string): void {
  out.ascii(`{"type":"${NAMES[schema.type]}"`)
  switch (schema.type) {
    case 'ARRAY':
      out.ascii(',"items":')
      writeElementSchema(out, schema.valueSchema, format)
      break
    case 'MAP':
      out.ascii(',"keys":')
      writeElementSchema(out, schema.keySchema, format)
      out.ascii(',"values":')
      writeElementSchema(out, schema.valueSchema, format)
      break
    case 'STRUCT':
      out.ascii(',"fields":[')
      for (const { name, index, schema: fieldSchema } of schema.fields ?? []) {
        if (index > 0) out.byte(0x2c)
        writeSchema(out, fieldSchema, format, name)
      }
      out.byte(0x5d)
      break
    default:
      break
  }
  writeAttributes(out, schema, format)
  if (field !== undefined) {
    out.ascii(',"field":')
    writeJsonString(out, field)
  }
  out.byte(0x7d)
}

/** Arrays and maps that a header's text was read as may have elements of no common type. */
function writeElementSchema(out: ByteWriter, schema: Schema | undefined, format: JsonFormat): void {
  if (schema === undefined) out.ascii('null')
  else writeSchema(out, schema, format)
}

function writeAttributes(out: ByteWriter, schema: Schema, format: JsonFormat): void {
  out.ascii(`,"optional":${schema.optional}`)
  if (schema.name !== undefined) {
    out.ascii(',"name":')
    writeJsonString(out, schema.name)
  }
  if (schema.version !== undefined) out.ascii(`,"version":${schema.version}`)
  if (schema.doc !== undefined) {
    out.ascii(',"doc":')
    writeJsonString(out, schema.doc)
  }
  if (schema.parameters !== undefined) {
    out.ascii(',"parameters":')
    writeJson(out, undefined, schema.parameters)
  }
  if (schema.default !== undefined && schema.default !== null) {
    out.ascii(',"default":')
    writeJson(out, schema, schema.default, format)
  }
}

type JsonObject = Readonly<Record<string, unknown>>

/** The schema that such JSON describes; `null` JSON is no schema. Throws DataError with Connect's messages. */
export function schemaFromJson(json: unknown): Schema | undefined {
  if (json === null) return undefined
  if (typeof json !== 'object' || Array.isArray(json)) throw new DataError("Schema must contain 'type' field")
  const node = json as JsonObject
  if (typeof node['type'] !== 'string') throw new DataError("Schema must contain 'type' field")
  const type = TYPES.get(node['type'])
  if (type === undefined) throw new DataError(`Unknown schema type: ${node['type']}`)
  const shape = shapeOf(type, node)
  const fallback = node['default']
  if (fallback === undefined || fallback === null) return shape
  const value = fromJson(shape, fallback)
  if (value === null && !shape.optional)
    throw new DataError('Invalid default value', { cause: new DataError(`it is no ${shape.type}`) })
  return withAttributes(shape, { default: value })
}

function shapeOf(type: SchemaType, node: JsonObject): Schema {
  const attributes = attributesOf(node)
  switch (type) {
    case 'BOOLEAN':
      return of.boolean(attributes)
    case 'INT8':
      return of.int8(attributes)
    case 'INT16':
      return of.int16(attributes)
    case 'INT32':
      return of.int32(attributes)
    case 'INT64':
      return of.int64(attributes)
    case 'FLOAT32':
      return of.float32(attributes)
    case 'FLOAT64':
      return of.float64(attributes)
    case 'BYTES':
      return of.bytes(attributes)
    case 'STRING':
      return of.string(attributes)
    case 'ARRAY':
      return of.array(inner(node['items'], 'Array schema did not specify the element type'), attributes)
    case 'MAP':
      return of.map(
        inner(node['keys'], 'Map schema did not specify the key type', 'keySchema cannot be null.'),
        inner(node['values'], 'Map schema did not specify the value type', 'valueSchema cannot be null.'),
        attributes,
      )
    case 'STRUCT':
      return of.struct(structFields(node['fields']), attributes)
  }
}

function inner(json: unknown, missing: string, none = missing): Schema {
  const schema = json === undefined ? undefined : schemaFromJson(json)
  if (schema === undefined) throw new DataError(json === null ? none : missing)
  return schema
}

function structFields(json: unknown): readonly (readonly [string, Schema])[] {
  if (!Array.isArray(json)) throw new DataError('Struct schema\'s "fields" argument is not an array.')
  return json.map((node: JsonObject | null) => {
    const name = node?.['field']
    if (typeof name !== 'string') throw new DataError("Struct schema's field name not specified properly")
    return [name, inner(node, "Schema must contain 'type' field")] as const
  })
}

function attributesOf(node: JsonObject): SchemaAttributes {
  const { optional, name, version, doc, parameters } = node
  return {
    optional: optional === true,
    ...(typeof name === 'string' ? { name } : {}),
    ...(Number.isInteger(version) ? { version: (version as number) | 0 } : {}),
    ...(typeof doc === 'string' ? { doc } : {}),
    ...(isObject(parameters) && Object.keys(parameters).length > 0 ? { parameters: parametersOf(parameters) } : {}),
  }
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function parametersOf(json: JsonObject): Readonly<Record<string, string>> {
  for (const value of Object.values(json)) {
    if (typeof value !== 'string') throw new DataError('Schema parameters must have string values.')
  }
  return json as Readonly<Record<string, string>>
}

/** The envelope of a schema up to its payload, `{"schema":…,"payload":`, made once per schema object. */
export class EnvelopePrefixes {
  readonly #format: JsonFormat
  readonly #bySchema = new WeakMap<Schema, Buffer>()
  static readonly #schemaless = Buffer.from('{"schema":null,"payload":')

  constructor(format: JsonFormat) {
    this.#format = format
  }

  of(schema: Schema | undefined): Buffer {
    if (schema === undefined) return EnvelopePrefixes.#schemaless
    let prefix = this.#bySchema.get(schema)
    if (prefix === undefined) {
      const out = new ByteWriter(1024)
      out.ascii('{"schema":')
      writeSchema(out, schema, this.#format)
      out.ascii(',"payload":')
      prefix = out.copy()
      this.#bySchema.set(schema, prefix)
    }
    return prefix
  }
}
