import type { ByteWriter } from './byte-writer.ts'
import type { ConfigDef } from './config-def.ts'
import type { Props } from './props.ts'
import type { Schema } from './schema.ts'

export interface SchemaAndValue {
  readonly schema: Schema | undefined
  readonly value: unknown
}

export interface Converter {
  configure(props: Props, isKey: boolean): void
  /** `null` for a null value (a tombstone). Throws DataError. */
  fromConnectData(topic: string, schema: Schema | undefined, value: unknown): Uint8Array | null
  /**
   * The same, appended to `out`; false: the result is null and nothing was written. Converters that have it save a copy per
   * record. Throws DataError and then leaves `out.length` as it found it.
   */
  writeConnectData?(out: ByteWriter, topic: string, schema: Schema | undefined, value: unknown): boolean
  /** May return an EncodedValue that keeps `bytes`. Throws DataError. */
  toConnectData(topic: string, bytes: Uint8Array | null): SchemaAndValue
  configDef?(): ConfigDef
}

export interface HeaderConverter {
  configure(props: Props): void
  fromConnectHeader(topic: string, key: string, schema: Schema | undefined, value: unknown): Uint8Array | null
  toConnectHeader(topic: string, key: string, bytes: Uint8Array | null): SchemaAndValue
  configDef?(): ConfigDef
}
