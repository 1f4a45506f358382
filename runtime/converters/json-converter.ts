import { ByteWriter, configDef, ConfigError, DataError, isConnectError, validators } from '../api/index.ts'
import type { ConfigDef, Converter, Props, Schema, SchemaAndValue } from '../api/index.ts'
import { converterDef } from './converter-type.ts'
import { decodeJson, EncodedJson, malformed } from './encoded-json.ts'
import { EnvelopeReader } from './json-envelope.ts'
import { JsonFit } from './json-fit.ts'
import { parseJson } from './json-reader.ts'
import { EnvelopePrefixes, schemaFromJson } from './json-schema-codec.ts'
import { JsonScanner, skipSpace } from './json-scanner.ts'
import { CONNECT_JSON, writeJson } from './json-writer.ts'
import type { JsonFormat } from './json-writer.ts'

const definition = configDef({
  'schemas.enable': {
    type: 'BOOLEAN',
    default: true,
    importance: 'HIGH',
    documentation: 'Include schemas within each of the serialized values and keys.',
    group: 'Schemas',
    order: 0,
    width: 'MEDIUM',
    displayName: 'Enable Schemas',
  },
  'schemas.cache.size': {
    type: 'INT',
    default: 1000,
    importance: 'HIGH',
    documentation: 'The maximum number of schemas that can be cached in this converter instance.',
    group: 'Schemas',
    order: 1,
    width: 'MEDIUM',
    displayName: 'Schema Cache Size',
  },
  'schema.content': {
    type: 'STRING',
    default: null,
    importance: 'HIGH',
    documentation: 'With schemas.enable: a schema, as JSON, of all records that are read; they then carry no envelope.',
    group: 'Schemas',
    order: 2,
    width: 'MEDIUM',
    displayName: 'Schema Content',
  },
  'decimal.format': {
    type: 'STRING',
    default: 'BASE64',
    validator: validators.oneOfIgnoreCase('NUMERIC', 'BASE64'),
    importance: 'LOW',
    documentation: 'Decimals as base64 of their bytes (BASE64) or as JSON numbers (NUMERIC).',
    group: 'Serialization',
    order: 0,
    width: 'MEDIUM',
    displayName: 'Decimal Format',
  },
  'replace.null.with.default': {
    type: 'BOOLEAN',
    default: true,
    importance: 'LOW',
    documentation: 'Whether a null is replaced by the default of its field.',
    group: 'Serialization',
    order: 1,
    width: 'MEDIUM',
    displayName: 'Replace null with default',
  },
})

const NOTHING: SchemaAndValue = Object.freeze({ schema: undefined, value: null })

/**
 * org.apache.kafka.connect.json.JsonConverter. Writing: encoded values are copied, schemas are JSON bytes made once. Reading: objects and
 * arrays are checked to be well formed and to fit their schema but stay bytes (EncodedJson); scalars are read at once.
 */
export class JsonConverter implements Converter {
  #schemasEnable = true
  #format: JsonFormat = CONNECT_JSON
  #fixedSchema: Schema | undefined
  #prefixes = new EnvelopePrefixes(CONNECT_JSON)
  #fit = new JsonFit(CONNECT_JSON.replaceNullWithDefault)
  readonly #scanner = new JsonScanner()
  #envelopes = new EnvelopeReader(this.#scanner, 1000)
  #scratch: ByteWriter | undefined

  static configDef(): ConfigDef {
    return converterDef(definition)
  }

  configure(props: Props): void {
    const config = definition.parse(props)
    this.#schemasEnable = config['schemas.enable']
    this.#format = {
      decimalFormat: config['decimal.format'].toUpperCase() === 'NUMERIC' ? 'NUMERIC' : 'BASE64',
      replaceNullWithDefault: config['replace.null.with.default'],
    }
    this.#prefixes = new EnvelopePrefixes(this.#format)
    this.#fit = new JsonFit(this.#format.replaceNullWithDefault)
    this.#envelopes = new EnvelopeReader(this.#scanner, Math.max(1, config['schemas.cache.size']))
    const content = config['schema.content']
    this.#fixedSchema = this.#schemasEnable && content !== null && content !== '' ? schemaOf(content) : undefined
  }

  fromConnectData(topic: string, schema: Schema | undefined, value: unknown): Uint8Array | null {
    const out = (this.#scratch ??= new ByteWriter(1024))
    out.reset()
    return this.writeConnectData(out, topic, schema, value) ? out.copy() : null
  }

  writeConnectData(out: ByteWriter, _topic: string, schema: Schema | undefined, value: unknown): boolean {
    if (schema === undefined && (value === null || value === undefined)) return false
    const mark = out.length
    try {
      if (this.#schemasEnable) {
        out.bytes(this.#prefixes.of(schema))
        writeJson(out, schema, value, this.#format)
        out.byte(0x7d)
      } else writeJson(out, schema, value, this.#format)
      return true
    } catch (error) {
      out.length = mark
      if (isConnectError(error)) throw error
      throw new DataError('Converting Kafka Connect data to byte[] failed due to serialization error: ', {
        cause: error,
      })
    }
  }

  toConnectData(_topic: string, bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return NOTHING
    const json = withoutByteOrderMark(
      Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    )
    if (this.#fixedSchema !== undefined) return this.#whole(this.#fixedSchema, json)
    if (!this.#schemasEnable) return json.length === 0 ? NOTHING : this.#whole(undefined, json)
    const { schema, start, end } = this.#envelopes.open(json)
    return this.#value(schema, json, start, end)
  }

  #whole(schema: Schema | undefined, json: Buffer): SchemaAndValue {
    const start = skipSpace(json, 0)
    const end = this.#scanner.scan(json, start)
    if (end < 0) throw malformed(`not well formed JSON, ${json.length} bytes`)
    return this.#value(schema, json, start, end)
  }

  /** `start`..`end` was scanned just before. */
  #value(schema: Schema | undefined, json: Buffer, start: number, end: number): SchemaAndValue {
    const { spaced, leadingZeros } = this.#scanner
    const whole = start === 0 && end === json.length ? json : json.subarray(start, end)
    const bytes = leadingZeros ? withoutLeadingZeros(whole) : whole
    const { replaceNullWithDefault } = this.#format
    const container = bytes[0] === 0x7b || bytes[0] === 0x5b
    if (!container || (schema !== undefined && bytes[0] !== bracketOf(schema)))
      return { schema, value: decodeJson(schema, bytes, replaceNullWithDefault) }
    const value = new EncodedJson(schema, bytes, spaced, replaceNullWithDefault)
    // What does not fit is refused here, not where somebody looks inside.
    if (schema !== undefined && !this.#fit.isSure(schema, bytes)) value.decode()
    return { schema, value }
  }
}

/** The bracket that the JSON of such a value begins with. JSON that does is left encoded; anything else is converted, or refused, at once. */
function bracketOf(schema: Schema): number | undefined {
  switch (schema.type) {
    case 'STRUCT':
      return 0x7b
    case 'ARRAY':
      return 0x5b
    case 'MAP':
      return schema.keySchema?.type === 'STRING' && !schema.keySchema.optional ? 0x7b : 0x5b
    default:
      return undefined
  }
}

function schemaOf(content: string): Schema | undefined {
  try {
    return schemaFromJson(parseJson(content, 'typed'))
  } catch (error) {
    throw new ConfigError('schema.content', `schema.content is no schema: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function withoutByteOrderMark(json: Buffer): Buffer {
  return json[0] === 0xef && json[1] === 0xbb && json[2] === 0xbf ? json.subarray(3) : json
}

/** `[01,"002"]` -> `[1,"002"]`: Connect reads such numbers, JSON.parse and other readers do not. */
function withoutLeadingZeros(bytes: Buffer): Buffer {
  const strings = /"(?:[^"\\]|\\.)*"/.source
  const numbers = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/.source
  const text = bytes.toString('utf8').replace(new RegExp(`${strings}|${numbers}`, 'gs'), (token) => {
    return token.startsWith('"') ? token : token.replace(/^(-?)0+(?=\d)/, '$1')
  })
  return Buffer.from(text, 'utf8')
}
