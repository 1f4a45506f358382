import { DATE, DECIMAL, TIME, TIMESTAMP } from '../api/index.ts'
import type { Schema } from '../api/index.ts'
import { DAY_MS, SCALE } from './json-reader.ts'
import { skipSpace } from './json-scanner.ts'

type Kind =
  /** Connect takes whatever JSON there is: booleans, numbers and strings that are no logical types. */
  | 'scalar'
  | 'base64'
  | 'integer'
  | 'struct'
  | 'array'
  | 'object'
  /** To be decided by reading it. */
  | 'unsure'

interface Plan {
  readonly kind: Kind
  readonly nullable: boolean
  /** Of integers. */
  readonly least?: number
  readonly most?: number
  /** Of arrays and objects. */
  readonly items?: Plan
  /** Of structs, in the schema's order. */
  readonly names?: readonly Buffer[]
  readonly fields?: readonly Plan[]
  /** So many of the fields end with the last that is not nullable. */
  readonly needed?: number
  /** Of bytes: there is at least one. */
  readonly filled?: boolean
}

/** Days before and after 1970 that a Date reaches. */
const MAX_DAYS = 1e8
const MAX_DATE_MS = MAX_DAYS * DAY_MS

const NONE = new Uint8Array(0)
const IS_BASE64 = new Uint8Array(256)
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
  IS_BASE64[letter.charCodeAt(0)] = 1

/**
 * Says of well formed JSON that fromJson would take it under a schema, without making anything. What it is not sure of (fields in another
 * order, numbers under a Decimal, escaped names) may fit all the same.
 */
export class JsonFit {
  readonly #replaceNull: boolean
  readonly #plans = new WeakMap<Schema, Plan>()
  #bytes: Uint8Array = NONE
  #at = 0

  constructor(replaceNullWithDefault: boolean) {
    this.#replaceNull = replaceNullWithDefault
  }

  /** `bytes`: one value, no white space around it. */
  isSure(schema: Schema, bytes: Uint8Array): boolean {
    this.#bytes = bytes
    this.#at = 0
    const sure = this.#value(this.#planOf(schema))
    this.#bytes = NONE // they belong to a fetched batch, which this would keep in memory
    return sure
  }

  #planOf(schema: Schema): Plan {
    let plan = this.#plans.get(schema)
    if (plan === undefined) {
      const hasDefault = schema.default !== undefined && schema.default !== null
      plan = { nullable: schema.optional || (hasDefault && this.#replaceNull), ...this.#shapeOf(schema) }
      this.#plans.set(schema, plan)
    }
    return plan
  }

  #shapeOf(schema: Schema): Omit<Plan, 'nullable'> {
    switch (schema.name) {
      case DECIMAL:
        return SCALE.test(schema.parameters?.['scale'] ?? '') ? { kind: 'base64', filled: true } : { kind: 'unsure' }
      case DATE:
        return { kind: 'integer', least: -MAX_DAYS, most: MAX_DAYS }
      case TIME:
        return { kind: 'integer', least: 0, most: DAY_MS }
      case TIMESTAMP:
        return { kind: 'integer', least: -MAX_DATE_MS, most: MAX_DATE_MS }
      default:
        return this.#shapeOfType(schema)
    }
  }

  #shapeOfType(schema: Schema): Omit<Plan, 'nullable'> {
    switch (schema.type) {
      case 'STRUCT': {
        const fields = (schema.fields ?? []).map((field) => this.#planOf(field.schema))
        const names = (schema.fields ?? []).map(({ name }) => Buffer.from(name))
        return { kind: 'struct', names, fields, needed: fields.findLastIndex(({ nullable }) => !nullable) + 1 }
      }
      case 'ARRAY':
        return { kind: 'array', items: this.#planOf(schema.valueSchema!) }
      case 'MAP':
        return schema.keySchema!.type === 'STRING'
          ? { kind: 'object', items: this.#planOf(schema.valueSchema!) }
          : { kind: 'unsure' }
      case 'BYTES':
        return { kind: 'base64' }
      default:
        return { kind: 'scalar' }
    }
  }

  #value(plan: Plan): boolean {
    if (this.#bytes[this.#at] === 0x6e) {
      this.#at += 4
      return plan.nullable
    }
    switch (plan.kind) {
      case 'scalar':
        return this.#scalar()
      case 'base64':
        return this.#base64(plan.filled === true)
      case 'integer':
        return this.#integer(plan.least!, plan.most!)
      case 'struct':
        return this.#struct(plan.names!, plan.fields!, plan.needed!)
      case 'array':
        return this.#array(plan.items!)
      case 'object':
        return this.#object(plan.items!)
      case 'unsure':
        return false
    }
  }

  /** Behind a string, number or word; false: there is none. */
  #scalar(): boolean {
    const first = this.#bytes[this.#at]
    if (first === 0x22) this.#skipString()
    else if (first === 0x7b || first === 0x5b) return false
    else this.#skipWord()
    return true
  }

  #base64(filled: boolean): boolean {
    const bytes = this.#bytes
    if (bytes[this.#at] !== 0x22) return false
    const start = this.#at + 1
    let at = start
    while (IS_BASE64[bytes[at]!] === 1) at++
    if (bytes[at] === 0x3d) at++
    if (bytes[at] === 0x3d) at++
    this.#at = at + 1
    return bytes[at] === 0x22 && (at - start) % 4 === 0 && (at > start || !filled)
  }

  #integer(least: number, most: number): boolean {
    const bytes = this.#bytes
    const negative = bytes[this.#at] === 0x2d
    const start = negative ? this.#at + 1 : this.#at
    let at = start
    let number = 0
    while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) number = number * 10 + bytes[at++]! - 0x30
    this.#at = at
    const byte = bytes[at]
    if (at === start || byte === 0x2e || byte === 0x65 || byte === 0x45) return false
    return negative ? -number >= least : number <= most
  }

  #struct(names: readonly Buffer[], fields: readonly Plan[], needed: number): boolean {
    if (this.#bytes[this.#at] !== 0x7b) return false
    let next = 0
    for (let more = this.#open(0x7d); more; more = this.#goesOn(0x7d)) {
      const start = this.#at + 1
      if (!this.#skipName()) return false
      const end = this.#at - 1
      let found = next
      while (found < names.length && !this.#isName(names[found]!, start, end)) found++
      this.#toValue()
      if (found === names.length) {
        for (let i = 0; i < next; i++) if (this.#isName(names[i]!, start, end)) return false
        this.#skipAny()
        continue
      }
      for (; next < found; next++) if (!fields[next]!.nullable) return false
      if (!this.#value(fields[found]!)) return false
      next = found + 1
    }
    return next >= needed
  }

  #array(items: Plan): boolean {
    if (this.#bytes[this.#at] !== 0x5b) return false
    for (let more = this.#open(0x5d); more; more = this.#goesOn(0x5d)) if (!this.#value(items)) return false
    return true
  }

  #object(values: Plan): boolean {
    if (this.#bytes[this.#at] !== 0x7b) return false
    for (let more = this.#open(0x7d); more; more = this.#goesOn(0x7d)) {
      this.#skipString()
      this.#toValue()
      if (!this.#value(values)) return false
    }
    return true
  }

  /** Behind the opening bracket; false: and behind the closing one. */
  #open(closer: number): boolean {
    this.#at++
    this.#skipSpace()
    if (this.#bytes[this.#at] !== closer) return true
    this.#at++
    return false
  }

  /** Behind the comma after a value; false: behind the closing bracket. */
  #goesOn(closer: number): boolean {
    this.#skipSpace()
    const ends = this.#bytes[this.#at++] === closer
    if (!ends) this.#skipSpace()
    return !ends
  }

  #toValue(): void {
    this.#skipSpace()
    this.#at++ // the colon
    this.#skipSpace()
  }

  #isName(name: Buffer, start: number, end: number): boolean {
    if (name.length !== end - start) return false
    for (let i = 0; i < name.length; i++) if (name[i] !== this.#bytes[start + i]) return false
    return true
  }

  /** false: it is escaped. */
  #skipName(): boolean {
    const bytes = this.#bytes
    let at = this.#at + 1
    while (bytes[at] !== 0x22) if (bytes[at++] === 0x5c) return false
    this.#at = at + 1
    return true
  }

  #skipString(): void {
    const bytes = this.#bytes
    let at = this.#at + 1
    while (bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1
    this.#at = at + 1
  }

  /** A number, true or false. */
  #skipWord(): void {
    const bytes = this.#bytes
    let at = this.#at
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (byte <= 0x20 || byte === 0x2c || byte === 0x5d || byte === 0x7d) break
    }
    this.#at = at
  }

  #skipAny(): void {
    if (this.#scalar()) return
    let depth = 0
    do {
      const byte = this.#bytes[this.#at]
      if (byte === 0x22) {
        this.#skipString()
        continue
      }
      if (byte === 0x7b || byte === 0x5b) depth++
      else if (byte === 0x7d || byte === 0x5d) depth--
      this.#at++
    } while (depth > 0)
  }

  #skipSpace(): void {
    const byte = this.#bytes[this.#at]
    if (byte !== undefined && byte <= 0x20) this.#at = skipSpace(this.#bytes, this.#at)
  }
}
