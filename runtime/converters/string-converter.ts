import { configDef, ConfigError, DataError, Decimal, javaDouble, javaFloat, plain, schema } from '../api/index.ts'
import type { Converter, Props, Schema, SchemaAndValue } from '../api/index.ts'

const definition = configDef({
  'converter.encoding': {
    type: 'STRING',
    default: 'UTF-8',
    importance: 'HIGH',
    documentation: 'The name of the character set to use: UTF-8, UTF-16LE, ISO-8859-1 or US-ASCII.',
  },
})

const ENCODINGS: Readonly<Record<string, BufferEncoding>> = {
  'UTF-8': 'utf8',
  UTF8: 'utf8',
  'UTF-16LE': 'utf16le',
  'ISO-8859-1': 'latin1',
  'US-ASCII': 'ascii',
}

const OPTIONAL_STRING = schema.string({ optional: true })
const NULL: SchemaAndValue = Object.freeze({ schema: OPTIONAL_STRING, value: null })

/** org.apache.kafka.connect.storage.StringConverter: the text of any value, as Java's toString() gives it. */
export class StringConverter implements Converter {
  #encoding: BufferEncoding = 'utf8'

  static configDef(): typeof definition {
    return definition
  }

  configure(props: Props): void {
    const name = definition.parse(props)['converter.encoding']
    const encoding = ENCODINGS[name.toUpperCase()]
    if (encoding === undefined)
      throw ConfigError.invalid('converter.encoding', name, `one of ${Object.keys(ENCODINGS).join(', ')} is expected`)
    this.#encoding = encoding
  }

  fromConnectData(_topic: string, of: Schema | undefined, value: unknown): Uint8Array | null {
    const decoded = plain(value)
    return decoded === null || decoded === undefined ? null : Buffer.from(javaText(of, decoded), this.#encoding)
  }

  toConnectData(_topic: string, bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return NULL
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(this.#encoding)
    return { schema: OPTIONAL_STRING, value }
  }
}

/** Java's toString() of a Connect value: `Struct{a=1,b=x}`, `{k=v}`, `[1, 2]`. */
export function javaText(of: Schema | undefined, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      if (of?.type === 'FLOAT32') return javaFloat(value)
      return of?.type === 'FLOAT64' || !Number.isSafeInteger(value) ? javaDouble(value) : String(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'undefined':
      return 'null'
    case 'object':
      return value === null ? 'null' : objectText(of, value)
    case 'function':
    case 'symbol':
      throw new DataError(`a ${typeof value} cannot be written as text`)
  }
}

function objectText(of: Schema | undefined, value: object): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  if (value instanceof Decimal) return value.toString()
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `[${value.map((item) => javaText(of?.valueSchema, item)).join(', ')}]`
  if (of?.type === 'STRUCT') {
    const struct = value as Readonly<Record<string, unknown>>
    const set = (of.fields ?? []).filter(({ name }) => struct[name] !== null && struct[name] !== undefined)
    return `Struct{${set.map(({ name, schema: field }) => `${name}=${javaText(field, struct[name])}`).join(',')}}`
  }
  const entries: readonly (readonly [unknown, unknown])[] = value instanceof Map ? [...value] : Object.entries(value)
  const text = entries.map(([key, item]) => `${javaText(of?.keySchema, key)}=${javaText(of?.valueSchema, item)}`)
  return `{${text.join(', ')}}`
}
