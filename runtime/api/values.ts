import { javaDecimal } from './java-text.ts'
import { javaDouble, javaFloat } from './json-bytes.ts'
import { Decimal, dateSchema, decimalSchema, timeSchema, timestampSchema } from './logical-types.ts'
import type { Schema, SchemaType } from './schema.ts'
import { schema } from './schema.ts'

/**
 * Values and their text form, as headers carry them (org.apache.kafka.connect.data.Values). Reading guesses a schema from the text; the rules,
 * odd ones too (text after a complete token is dropped; `[1,null]` is a string), are Connect's. Times are UTC.
 */
export interface ParsedValue {
  readonly schema: Schema | undefined
  readonly value: unknown
}

const NULL: ParsedValue = Object.freeze({ schema: undefined, value: null })
const stringValue = (value: string): ParsedValue => ({ schema: schema.string(), value })

export function parseString(text: string): ParsedValue {
  if (text === '') return stringValue('')
  return new ValueParser(text).parse(false)
}

/** The text cannot be an array, map or embedded value; the caller takes it for a string. */
class NotAValue extends Error {}

const DELIMITERS = ':,{}[]"'

/** Tokens: single delimiters, unless a backslash stands before, and what is between them. */
class Tokens {
  readonly text: string
  #at = 0
  #next: string | undefined
  #previous: string | undefined

  constructor(text: string) {
    this.text = text
  }

  get more(): boolean {
    return this.#next !== undefined || this.#at < this.text.length
  }

  get previous(): string | undefined {
    return this.#previous
  }

  mark(): number {
    return this.#at - (this.#next?.length ?? 0)
  }

  rewind(mark: number): void {
    this.#at = mark
    this.#next = undefined
  }

  next(): string {
    const token = this.#next ?? this.#read()
    this.#next = undefined
    this.#previous = token
    return token
  }

  /** The next `count` tokens as one text; undefined when there are fewer. */
  many(count: number): string | undefined {
    const mark = this.mark()
    let text = ''
    for (let i = 0; i < count; i++) {
      if (!this.more) {
        this.rewind(mark)
        return undefined
      }
      text += this.next()
    }
    return text
  }

  /** Takes the next token when it is `expected`, spaces around it not counted. */
  take(expected: string, trimmed = true): boolean {
    if (!this.more) return false
    this.#next ??= this.#read()
    if (trimmed) while (this.#next.trim() === '' && this.#at < this.text.length) this.#next = this.#read()
    if ((trimmed ? this.#next.trim() : this.#next) !== expected) return false
    this.next()
    return true
  }

  #read(): string {
    const start = this.#at
    let escaped = false
    for (; this.#at < this.text.length; this.#at++) {
      const char = this.text[this.#at]!
      if (DELIMITERS.includes(char) && !escaped) {
        if (this.#at === start) this.#at++
        break
      }
      escaped = char === '\\' && !escaped
    }
    return this.text.slice(start, this.#at)
  }
}

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
    } else {
      const [a, b] = [WIDENING.indexOf(common.type), WIDENING.indexOf(next.type)]
      if (a < 0 || b < 0) return undefined
      if (b > a) common = next
    }
  }
  return common
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

function parseTemporal(text: string): ParsedValue | undefined {
  switch (text.length) {
    case 10:
      return temporal(/^\d{4}-\d{2}-\d{2}$/, text, `${text}T00:00:00.000Z`, dateSchema())
    case 13:
      return temporal(/^\d{2}:\d{2}:\d{2}\.\d{3}Z$/, text, `1970-01-01T${text}`, timeSchema())
    case 24:
      return temporal(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, text, text, timestampSchema())
    default:
      return undefined
  }
}

function temporal(shape: RegExp, text: string, iso: string, of: Schema): ParsedValue | undefined {
  if (!shape.test(text)) return undefined
  const value = new Date(iso)
  return Number.isNaN(value.getTime()) ? undefined : { schema: of, value }
}

const NUMBER = /^([+-]?)(\p{Nd}*)(?:\.(\p{Nd}*))?(?:[eE]([+-]?\p{Nd}+))?$/u
/** An exponent beyond it is no number that anybody meant; it would cost memory without end. */
const MAX_EXPONENT = 10_000

function parseNumber(token: string): ParsedValue | undefined {
  if (!/^[\p{Nd}+-]/u.test(token)) return undefined
  const match = NUMBER.exec(asciiDigits(token))
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  if (whole + fraction === '' || Math.abs(Number(exponent)) > MAX_EXPONENT) return undefined
  const scale = fraction.length - Number(exponent)
  const unscaled = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n)
  return integral(unscaled, scale) ?? fractional(unscaled, scale)
}

function asciiDigits(text: string): string {
  return text.replace(/[\u0080-\u{10ffff}]/gu, (char) => (/\p{Nd}/u.test(char) ? String(digitValue(char)) : char))
}

/** Digits of every script are ten code points in a row, zero first. */
function digitValue(char: string): number {
  let value = 0
  for (let point = char.codePointAt(0)! - 1; /\p{Nd}/u.test(String.fromCodePoint(point)) && value < 9; point--) value++
  return value
}

function integral(unscaled: bigint, scale: number): ParsedValue | undefined {
  const power = 10n ** BigInt(Math.abs(scale))
  if (scale > 0 && unscaled % power !== 0n) return undefined
  const value = scale > 0 ? unscaled / power : unscaled * power
  if (BigInt.asIntN(64, value) !== value) return undefined
  if (BigInt.asIntN(8, value) === value) return { schema: schema.int8(), value: Number(value) }
  if (BigInt.asIntN(16, value) === value) return { schema: schema.int16(), value: Number(value) }
  if (BigInt.asIntN(32, value) === value) return { schema: schema.int32(), value: Number(value) }
  return { schema: schema.int64(), value }
}

function fractional(unscaled: bigint, scale: number): ParsedValue {
  if (scale !== 0) {
    const double = Number(`${unscaled}e${-scale}`)
    const float = Math.fround(double)
    if (Number.isFinite(float)) return { schema: schema.float32(), value: float }
    if (Number.isFinite(double)) return { schema: schema.float64(), value: double }
  }
  return { schema: decimalSchema(scale), value: new Decimal(unscaled, scale) }
}

const DAY_MS = 86_400_000

/** The text of a value. Strings stand as they are, but quoted and escaped inside of arrays, maps and structs. */
export function convertToString(of: Schema | undefined, value: unknown, embedded = false): string {
  switch (typeof value) {
    case 'string':
      return embedded ? quoted(value) : value
    case 'number':
      return numberText(of, value)
    case 'object':
      return value === null ? 'null' : objectText(of, value, embedded)
    case 'undefined':
      return 'null'
    case 'bigint':
    case 'boolean':
    case 'function':
    case 'symbol':
      return String(value)
  }
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}

function numberText(of: Schema | undefined, value: number): string {
  if (of?.type === 'FLOAT32') return javaFloat(value)
  if (of?.type === 'FLOAT64') return javaDouble(value)
  return Number.isSafeInteger(value) ? String(value) : javaDouble(value)
}

function objectText(of: Schema | undefined, value: object, embedded: boolean): string {
  if (value instanceof Decimal) return javaDecimal(value)
  if (value instanceof Date) return dateText(value)
  if (value instanceof Uint8Array) {
    const base64 = Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
    return embedded ? quoted(base64) : base64
  }
  if (Array.isArray(value)) return `[${value.map((item) => convertToString(of?.valueSchema, item, true)).join(',')}]`
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : structEntries(of, value)
  const fieldSchema = (key: unknown): Schema | undefined =>
    of?.type === 'STRUCT' ? of.fields?.find((field) => field.name === key)?.schema : of?.valueSchema
  const text = entries.map(
    ([key, item]) => `${convertToString(of?.keySchema, key, true)}:${convertToString(fieldSchema(key), item, true)}`,
  )
  return `{${text.join(',')}}`
}

function structEntries(of: Schema | undefined, value: object): readonly (readonly [unknown, unknown])[] {
  if (of?.type !== 'STRUCT') return Object.entries(value)
  const struct = value as Readonly<Record<string, unknown>>
  return (of.fields ?? []).map(({ name, schema: field }) => [name, struct[name] ?? field.default ?? null])
}

/** Connect decides by the value, not by its schema: less than a day is a time, whole days are a date, else a timestamp. */
function dateText(value: Date): string {
  const iso = value.toISOString()
  const millis = value.getTime()
  if (millis < DAY_MS) return iso.slice(11)
  return millis % DAY_MS === 0 ? iso.slice(0, 10) : iso
}
