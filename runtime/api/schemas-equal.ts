import type { Schema } from './schema.ts'

/** Equal in the full sense of Connect: type, name, version, documentation, parameters, default, fields. */
export function schemasEqual(a: Schema | undefined, b: Schema | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  return (
    a.type === b.type &&
    a.optional === b.optional &&
    a.name === b.name &&
    a.version === b.version &&
    a.doc === b.doc &&
    JSON.stringify(a.default ?? null, plainBigint) === JSON.stringify(b.default ?? null, plainBigint) &&
    sameParameters(a.parameters ?? {}, b.parameters ?? {}) &&
    schemasEqual(a.keySchema, b.keySchema) &&
    schemasEqual(a.valueSchema, b.valueSchema) &&
    sameFields(a, b)
  )
}

function sameFields(a: Schema, b: Schema): boolean {
  const left = a.fields ?? []
  const right = b.fields ?? []
  return (
    left.length === right.length &&
    left.every((field, index) => {
      const other = right[index]
      return other !== undefined && field.name === other.name && schemasEqual(field.schema, other.schema)
    })
  )
}

function sameParameters(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

function plainBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
