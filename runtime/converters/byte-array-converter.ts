import { DataError, javaClass, plain, schema } from '../api/index.ts'
import type { Converter, Schema, SchemaAndValue } from '../api/index.ts'
import { converterDef } from './converter-type.ts'

const definition = converterDef()
const OPTIONAL_BYTES = schema.bytes({ optional: true })

/** org.apache.kafka.connect.converters.ByteArrayConverter: the bytes as they are. */
export class ByteArrayConverter implements Converter {
  static configDef(): typeof definition {
    return definition
  }

  configure(): void {}

  fromConnectData(_topic: string, of: Schema | undefined, value: unknown): Uint8Array | null {
    if (of !== undefined && of.type !== 'BYTES')
      throw new DataError(`Invalid schema type for ByteArrayConverter: ${of.type}`)
    const bytes = plain(value)
    if (bytes === null || bytes === undefined) return null
    if (!(bytes instanceof Uint8Array))
      throw new DataError(`ByteArrayConverter is not compatible with objects of type class ${javaClass(bytes, of)}`)
    return bytes
  }

  toConnectData(_topic: string, bytes: Uint8Array | null): SchemaAndValue {
    return { schema: OPTIONAL_BYTES, value: bytes }
  }
}
