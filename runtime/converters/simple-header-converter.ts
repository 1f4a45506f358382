import { configDef, convertToString, parseString, plain } from '../api/index.ts'
import type { HeaderConverter, Schema, SchemaAndValue } from '../api/index.ts'

const definition = configDef({})
const NULL: SchemaAndValue = Object.freeze({ schema: undefined, value: null })

/** org.apache.kafka.connect.storage.SimpleHeaderConverter: text whose type is guessed when it is read (api/value-parser.ts). */
export class SimpleHeaderConverter implements HeaderConverter {
  static configDef(): typeof definition {
    return definition
  }

  configure(): void {}

  fromConnectHeader(_topic: string, _key: string, schema: Schema | undefined, value: unknown): Uint8Array | null {
    const decoded = plain(value)
    return decoded === null || decoded === undefined ? null : Buffer.from(convertToString(schema, decoded))
  }

  toConnectHeader(_topic: string, _key: string, bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return NULL
    return parseString(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  }
}
