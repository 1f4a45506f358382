import { ConfigError, DataError, fieldOf } from '../api/index.ts'
import type { Schema } from '../api/index.ts'
import { fieldValue, isObject, requireMap } from './key-or-value.ts'
import type { Fields } from './key-or-value.ts'

export type FieldSyntax = 'V1' | 'V2'

/**
 * The steps of a field path (KIP-821). V1: one field, whatever its name. V2: dots descend; a step in backticks may hold dots, a backslash makes
 * a backtick at a step's end literal.
 */
export function fieldPath(path: string, syntax: FieldSyntax): readonly string[] {
  if (syntax === 'V1') return [path]
  const steps: string[] = []
  let at = 0
  for (;;) {
    const step = path[at] === '`' ? quotedStep(path, at) : plainStep(path, at)
    steps.push(step.name)
    if (step.end >= path.length) return steps
    at = step.end + 1
  }
}

function plainStep(path: string, at: number): { name: string; end: number } {
  const dot = path.indexOf('.', at)
  const end = dot < 0 ? path.length : dot
  return { name: path.slice(at, end), end }
}

function quotedStep(path: string, at: number): { name: string; end: number } {
  let name = ''
  for (let i = at + 1; i < path.length; i++) {
    const closes = path[i] === '`' && (i + 1 === path.length || path[i + 1] === '.')
    if (closes && path[i - 1] !== '\\') return { name, end: i + 1 }
    name = closes ? `${name.slice(0, -1)}\`` : name + path[i]
  }
  throw new ConfigError(
    'field',
    `Incomplete backtick pair in path: [${path}], consider adding a backslash before backtick at position ${at} to escape it`,
  )
}

/** undefined where a step is missing; throws DataError for a step into what has no fields. */
export function schemaAt(schema: Schema, path: readonly string[]): Schema | undefined {
  let at: Schema | undefined = schema
  for (const name of path) {
    if (at === undefined) return undefined
    if (at.type !== 'STRUCT') throw new DataError('Cannot look up fields on non-struct type')
    at = fieldOf(at, name)?.schema
  }
  return at
}

/** null where a step is missing or null. */
export function structValueAt(struct: Fields, schema: Schema, path: readonly string[], replaceNull: boolean): unknown {
  let value: unknown = struct
  let at = schema
  for (const name of path) {
    const field = fieldOf(at, name)
    if (field === undefined || !isObject(value)) return null
    value = fieldValue(value, name, field.schema, replaceNull)
    at = field.schema
  }
  return value
}

/** null where a step is missing or null; throws DataError for a step into what has no fields. */
export function mapValueAt(map: Fields, path: readonly string[]): unknown {
  let value: unknown = map
  for (const name of path) {
    const fields = requireMap(value, 'nested field access')
    value = Object.hasOwn(fields, name) ? (fields[name] ?? null) : null
    if (value === null) return null
  }
  return value
}
