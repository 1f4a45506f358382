import type { Schema, SchemaType } from './schema.ts'
import { schemasEqual } from './schemas-equal.ts'
import { schema } from './schema.ts'
import { parseNumber, parseTemporal } from './value-scalars.ts'
import type { ParsedValue } from './value-scalars.ts'
import { Tokens } from './value-tokens.ts'

const NULL: ParsedValue = Object.freeze({ schema: undefined, value: null })
const stringValue = (value: string): ParsedValue => ({ schema: schema.string(), value })

/**
 * A value of its text form, as headers carry it (org.apache.kafka.connect.data.Values), with a schema that is guessed from the text. The rules,
 * odd ones too (text after a complete token is dropped; `[1,null]` is a string), are Connect's. Times are UTC.
 */
export function parseString(text: string): ParsedValue {
  if (text === '') return stringValue('')
  return new ValueParser(text).parse(false)
}

/** The text cannot be an array, map or embedded value; the caller takes it for a string. */
class NotAValue extends Error {}

class ValueParser {
  readonly #tokens: Tokens

  constructor(text: string) {
    this.#tokens = new Tokens(text)
  }

  parse(embedded: boolean): ParsedValue {
    const tokens = this.#tokens
    if (!tokens.more) return NULL
    if (embedded && tokens.take('"')) return this.#quoted()
    if (this.#literal('null', embedded)) return NULL
    if (this.#literal('true', embedded)) return { schema: schema.boolean(), value: true }
    if (this.#literal('false', embedded)) return { schema: schema.boolean(), value: false }
    const mark = tokens.mark()
    try {
      if (tokens.take('[')) return this.#array()
      if (tokens.take('{')) return this.#map()
    } catch (error) {
      if (!(error instanceof NotAValue) || embedded) throw error
      tokens.rewind(mark)
      return stringValue(tokens.text)
    }
    const token = tokens.next().trim()
    return this.#scalar(token) ?? this.#text(token, embedded)
  }

  #text(token: string, embedded: boolean): ParsedValue {
    if (embedded && token !== '') throw new NotAValue()
    return stringValue(this.#tokens.text)
  }

  #literal(literal: string, embedded: boolean): boolean {
    const mark = this.#tokens.mark()
    if (this.#tokens.take(literal) && (embedded || !this.#tokens.more)) return true
    this.#tokens.rewind(mark)
    return false
  }

  #scalar(token: string): ParsedValue | undefined {
    if (/^\p{Nd}/u.test(token)) {
      const mark = this.#tokens.mark()
      // An unescaped colon is a delimiter: a time of day or timestamp is five tokens.
      const rest = this.#tokens.many(4)
      const temporal = rest === undefined ? undefined : parseTemporal(token + rest)
      if (temporal !== undefined) return temporal
      this.#tokens.rewind(mark)
      const date = parseTemporal(token)
      if (date !== undefined) return date
    }
    return parseNumber(token)
  }

  #quoted(): ParsedValue {
    let content = ''
    while (this.#tokens.more && !this.#tokens.take('"', false)) content += this.#tokens.next()
    return parseTemporal(content) ?? stringValue(content)
  }

  #array(): ParsedValue {
    const tokens = this.#tokens
    const items: ParsedValue[] = []
    while (tokens.more) {
      if (tokens.take(']')) {
        const common = commonSchema(items)
        return { schema: arrayOf(common), value: items.map((item) => aligned(item, common)) }
      }
      if (tokens.take(',')) throw new NotAValue()
      items.push(this.parse(true))
      const mark = tokens.mark()
      if (tokens.take(']')) tokens.rewind(mark)
      else if (!tokens.take(',')) throw new NotAValue()
    }
    throw new NotAValue()
  }

  #map(): ParsedValue {
    const tokens = this.#tokens
    const keys: ParsedValue[] = []
    const values: ParsedValue[] = []
    while (tokens.more) {
      if (tokens.take('}')) {
        const [keySchema, valueSchema] = [commonSchema(keys), commonSchema(values)]
        const entries = keys.map((key, i) => [aligned(key, keySchema), aligned(values[i]!, valueSchema)] as const)
        return { schema: mapOf(keySchema, valueSchema), value: new Map(entries) }
      }
      if (tokens.take(',')) throw new NotAValue()
      const key = this.parse(true)
      if (key.value === null || !tokens.take(':')) throw new NotAValue()
      keys.push(key)
      values.push(this.parse(true))
      tokens.take(',')
    }
    throw new NotAValue()
  }
}

/** Items of no common type: an array whose schema says nothing about them. */
function arrayOf(items: Schema | undefined): Schema {
  return items === undefined ? Object.freeze({ type: 'ARRAY', optional: false }) : schema.array(items)
}

function mapOf(keySchema: Schema | undefined, valueSchema: Schema | undefined): Schema {
  return Object.freeze({
    type: 'MAP',
    optional: false,
    ...(keySchema === undefined ? {} : { keySchema }),
    ...(valueSchema === undefined ? {} : { valueSchema }),
  })
}

const WIDENING: readonly SchemaType[] = ['INT8', 'INT16', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64']

function commonSchema(values: readonly ParsedValue[]): Schema | undefined {
  let common: Schema | undefined
  for (const { schema: next } of values) {
    if (next === undefined) continue
    if (common === undefined) common = next
    else if (common.type === next.type) {
      if (common.name !== next.name) return undefined
      // Of [[],[1]] it is the second that says what is in them; what is in [[1],["a"]] has no common type.
      if (!schemasEqual(common, next)) {
        if (!isHollow(common) && !isHollow(next)) return undefined
        common = next
      }
    } else {
      const [a, b] = [WIDENING.indexOf(common.type), WIDENING.indexOf(next.type)]
      if (a < 0 || b < 0) return undefined
      if (b > a) common = next
    }
  }
  return common
}

/** Of an array or a map with nothing in it, or things of no common type. */
function isHollow({ type, valueSchema }: Schema): boolean {
  return (type === 'ARRAY' || type === 'MAP') && valueSchema === undefined
}

function aligned(item: ParsedValue, common: Schema | undefined): unknown {
  if (common === undefined) return item.value
  // Element schemas are never optional, so that a null beside typed elements makes the whole text a string.
  if (item.value === null) throw new NotAValue()
  if (common.type === 'INT64' && typeof item.value === 'number') return BigInt(item.value)
  if ((common.type === 'FLOAT32' || common.type === 'FLOAT64') && typeof item.value === 'bigint')
    return Number(item.value)
  return item.value
}
