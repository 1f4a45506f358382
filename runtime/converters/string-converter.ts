import { configDef, ConfigError, javaText, plain, schema } from '../api/index.ts'
import type { ConfigDef, Converter, Props, Schema, SchemaAndValue } from '../api/index.ts'
import { converterDef } from './converter-type.ts'

const definition = configDef({
  'converter.encoding': {
    type: 'STRING',
    default: 'UTF-8',
    importance: 'HIGH',
    documentation: 'The name of the character set to use: UTF-8, UTF-16LE, ISO-8859-1 or US-ASCII.',
    width: 'MEDIUM',
    displayName: 'Encoding',
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

  static configDef(): ConfigDef {
    return converterDef(definition)
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
