import type { ByteWriter, Schema } from '../api/index.ts'

/** The names of schemaless objects repeat from record to record: their bytes are kept, as many as a few wide tables need. */
const MAX_NAMES = 4096
const MAX_NAME = 64
const names = new Map<string, Buffer>()

/** The name of a member of a schemaless object, with the colon behind it. */
export function writeName(out: ByteWriter, name: string): void {
  let bytes = names.get(name)
  if (bytes === undefined) {
    bytes = Buffer.from(`${jsonText(name)}:`)
    if (name.length <= MAX_NAME && names.size < MAX_NAMES) names.set(name, bytes)
  }
  out.bytes(bytes)
}

export interface StructField {
  readonly name: string
  readonly schema: Schema
  /** `{"name":` or `,"name":` */
  readonly prefix: Buffer
}

const structFields = new WeakMap<Schema, readonly StructField[]>()

/** The fields of a struct, with their names as bytes: made once per schema. */
export function fieldsOf(schema: Schema): readonly StructField[] {
  let fields = structFields.get(schema)
  if (fields === undefined) {
    fields = (schema.fields ?? []).map(({ name, schema: of }, index) => ({
      name,
      schema: of,
      prefix: Buffer.from(`${index === 0 ? '{' : ','}${jsonText(name)}:`),
    }))
    structFields.set(schema, fields)
  }
  return fields
}

/** A string in JSON, with Connect's escapes, as text. */
function jsonText(text: string): string {
  return JSON.stringify(text).replace(
    /[\ud800-\udfff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
