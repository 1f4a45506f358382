import { DataError, javaClass, plain, schema } from '../api/index.ts'
import type { Converter, ConverterClass, Schema, SchemaAndValue } from '../api/index.ts'
import { converterDef } from './converter-type.ts'
import { SerializationError } from './serialization-error.ts'

const definition = converterDef()

interface Wire {
  /** As it stands in messages: `long`. */
  readonly name: string
  readonly size: number
  readonly schema: Schema
  write(bytes: Buffer, value: unknown): void
  read(bytes: Buffer): unknown
}

/** A converter of org.apache.kafka.connect.converters for one type: big-endian, of fixed size. */
function converterOf(wire: Wire): ConverterClass {
  return class implements Converter {
    static configDef(): typeof definition {
      return definition
    }

    configure(): void {}

    fromConnectData(_topic: string, of: Schema | undefined, value: unknown): Uint8Array | null {
      if (wire.name === 'boolean' && of !== undefined && of.type !== 'BOOLEAN')
        throw new DataError(`Invalid schema type for BooleanConverter: ${of.type}`)
      const decoded = plain(value)
      if (decoded === null || decoded === undefined) return null
      if (wire.name === 'boolean' && typeof decoded !== 'boolean')
        throw new DataError(`BooleanConverter is not compatible with objects of type class ${javaClass(decoded, of)}`)
      try {
        if (of !== undefined && of.type !== wire.schema.type) throw new SerializationError(`the schema is ${of.type}`)
        const bytes = Buffer.alloc(wire.size)
        wire.write(bytes, decoded)
        return bytes
      } catch (cause) {
        throw new DataError(`Failed to serialize to ${wire.name} (was class ${javaClass(decoded, of)}): `, { cause })
      }
    }

    toConnectData(_topic: string, bytes: Uint8Array | null): SchemaAndValue {
      if (bytes === null) return { schema: wire.schema, value: null }
      if (bytes.length !== wire.size)
        throw unreadable(wire.name, `${wire.size} bytes are expected, there are ${bytes.length}`)
      return { schema: wire.schema, value: wire.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) }
    }
  }
}

function unreadable(what: string, why: string): DataError {
  return new DataError(`Failed to deserialize ${what}: `, { cause: new SerializationError(why) })
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new SerializationError(`a number is expected, not ${typeof value}`)
  return value
}

/** A fraction would be cut off silently. */
function integerOf(value: unknown): number {
  const number = numberOf(value)
  if (!Number.isInteger(number)) throw new SerializationError(`an integer is expected, not ${number}`)
  return number
}

const optional = { optional: true }

export const BooleanConverter = converterOf({
  name: 'boolean',
  size: 1,
  schema: schema.boolean(optional),
  write: (bytes, value) => void (bytes[0] = value === true ? 1 : 0),
  read(bytes) {
    if (bytes[0]! > 1) throw unreadable('boolean', `unexpected byte ${bytes[0]}`)
    return bytes[0] === 1
  },
})

export const ShortConverter = converterOf({
  name: 'short',
  size: 2,
  schema: schema.int16(optional),
  write: (bytes, value) => void bytes.writeInt16BE(integerOf(value)),
  read: (bytes) => bytes.readInt16BE(),
})

export const IntegerConverter = converterOf({
  name: 'integer',
  size: 4,
  schema: schema.int32(optional),
  write: (bytes, value) => void bytes.writeInt32BE(integerOf(value)),
  read: (bytes) => bytes.readInt32BE(),
})

export const LongConverter = converterOf({
  name: 'long',
  size: 8,
  schema: schema.int64(optional),
  write: (bytes, value) => void bytes.writeBigInt64BE(typeof value === 'bigint' ? value : BigInt(integerOf(value))),
  read: (bytes) => bytes.readBigInt64BE(),
})

export const FloatConverter = converterOf({
  name: 'float',
  size: 4,
  schema: schema.float32(optional),
  write: (bytes, value) => void bytes.writeFloatBE(numberOf(value)),
  read: (bytes) => bytes.readFloatBE(),
})

export const DoubleConverter = converterOf({
  name: 'double',
  size: 8,
  schema: schema.float64(optional),
  write: (bytes, value) => void bytes.writeDoubleBE(numberOf(value)),
  read: (bytes) => bytes.readDoubleBE(),
})
