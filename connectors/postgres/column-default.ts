import type { ValueCodec } from './types/value-codec.ts'

/** `'x'::character varying`, also in parentheses or under another cast. */
const QUOTED = /^\(*'((?:[^']|'')*)'(?:::[^'()]+(?:\(\d+(?:,\s*-?\d+)?\))?[^'()]*\)*)*$/
const NUMBER = /^\(*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\)*(?:::[\w ]+(?:\(\d+(?:,\s*-?\d+)?\))?)?$/i
const NULL = /^\(*NULL(?:::.*)?$/i
const BIT_STRING = /^B'([01]*)'(?:::.*)?$/

/**
 * The plain value that stands as `default` in the schema, or undefined for none: literals as values of the column, calls and
 * other expressions as the type's placeholder (Debezium cannot evaluate them either).
 */
export function schemaDefault(codec: ValueCodec, expression: string | undefined, identity: boolean): unknown {
  if (codec.defaultPlaceholder === undefined) return undefined
  if (expression === undefined) return identity ? codec.defaultPlaceholder : undefined
  if (NULL.test(expression)) return undefined
  const literal = literalOf(expression)
  if (literal === undefined) return codec.defaultPlaceholder
  const bytes = Buffer.from(literal, 'utf8')
  try {
    return codec.decode(bytes, 0, bytes.length) ?? undefined
  } catch {
    return codec.defaultPlaceholder // e.g. 'now'::date
  }
}

function literalOf(expression: string): string | undefined {
  const quoted = QUOTED.exec(expression) ?? BIT_STRING.exec(expression)
  if (quoted !== null) return quoted[1]!.replaceAll("''", "'")
  const number = NUMBER.exec(expression)
  if (number !== null) return number[1]!
  return expression === 'true' || expression === 'false' ? expression : undefined
}
