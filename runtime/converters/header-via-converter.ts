import type {
  ConfigDef,
  Converter,
  ConverterClass,
  HeaderConverter,
  HeaderConverterClass,
  Props,
  Schema,
  SchemaAndValue,
} from '../api/index.ts'

/** A record converter used for headers, as Connect's own converters all can be. */
export function headerConverterOf(of: ConverterClass): HeaderConverterClass {
  return class implements HeaderConverter {
    readonly #converter: Converter = new of()

    static configDef(): ConfigDef {
      return of.configDef()
    }

    configure(props: Props): void {
      this.#converter.configure(props, false)
    }

    fromConnectHeader(topic: string, _key: string, schema: Schema | undefined, value: unknown): Uint8Array | null {
      return this.#converter.fromConnectData(topic, schema, value)
    }

    toConnectHeader(topic: string, _key: string, bytes: Uint8Array | null): SchemaAndValue {
      return this.#converter.toConnectData(topic, bytes)
    }
  }
}
