import type {
  ByteWriter,
  Converter,
  Header,
  HeaderConverter,
  Schema,
  SchemaAndValue,
  SourceRecord,
} from '../api/index.ts'
import { NO_HEADERS } from '../api/index.ts'
import { converterSpec } from '../config/connector-config.ts'
import type { FetchedRecord } from '../kafka/fetcher.ts'
import type { RecordHeader } from '../kafka/producer.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import type { Props } from '../api/index.ts'
import type { WorkerConfig } from '../config/worker-config.ts'
import { OutgoingRecord } from './outgoing-record.ts'
import type { Stage } from './error-tolerance.ts'
import { ConsumedRecord } from './consumed-record.ts'

export interface Converters {
  readonly key: Converter
  readonly value: Converter
  readonly header: HeaderConverter
  readonly classNames: { readonly key: string; readonly value: string; readonly header: string }
}

/** The connector's converters, else the worker's. */
export function buildConverters(connectorProps: Props, worker: WorkerConfig, plugins: PluginRegistry): Converters {
  const specs = {
    key: converterSpec('key', connectorProps, worker),
    value: converterSpec('value', connectorProps, worker),
    header: converterSpec('header', connectorProps, worker),
  }
  const key = new (plugins.converter(specs.key.className, specs.key.version))()
  key.configure(specs.key.props, true)
  const value = new (plugins.converter(specs.value.className, specs.value.version))()
  value.configure(specs.value.props, false)
  const header = new (plugins.headerConverter(specs.header.className, specs.header.version))()
  header.configure(specs.header.props)
  const classNames = {
    key: specs.key.className,
    value: specs.value.className,
    header: specs.header.className,
  }
  return { key, value, header, classNames }
}

/** Between Connect's records and Kafka's bytes, both ways. `stage` says after an error what was being done. */
export class RecordConverter {
  readonly #converters: Converters
  stage: Stage = 'KEY_CONVERTER'
  #sharedHeaders:
    | { readonly headers: readonly Header[]; readonly topic: string; readonly converted: readonly RecordHeader[] }
    | undefined

  constructor(converters: Converters) {
    this.#converters = converters
  }

  get className(): string {
    switch (this.stage) {
      case 'KEY_CONVERTER':
        return this.#converters.classNames.key
      case 'VALUE_CONVERTER':
        return this.#converters.classNames.value
      default:
        return this.#converters.classNames.header
    }
  }

  /** Bytes are appended to `out`; the record's key and value are views of it. */
  toKafka(record: SourceRecord, out: ByteWriter): OutgoingRecord {
    const { topic } = record
    const { key, value } = this.#converters
    const headers = record.headers.length === 0 ? undefined : this.#headersToKafka(record)
    const start = out.length
    try {
      this.stage = 'KEY_CONVERTER'
      const hasKey = append(key, out, topic, record.keySchema, record.key)
      const middle = out.length
      this.stage = 'VALUE_CONVERTER'
      const hasValue = append(value, out, topic, record.valueSchema, record.value)
      return new OutgoingRecord(
        record,
        hasKey ? out.buffer.subarray(start, middle) : null,
        hasValue ? out.buffer.subarray(middle, out.length) : null,
        headers,
      )
    } catch (error) {
      out.length = start
      throw error
    }
  }

  #headersToKafka(record: SourceRecord): readonly RecordHeader[] {
    const { headers, topic } = record
    // Sources that give every record the same headers share one frozen array: converted once, it stays one array.
    const shared = this.#sharedHeaders
    if (shared?.headers === headers && shared.topic === topic) return shared.converted
    this.stage = 'HEADER_CONVERTER'
    const converted = headers.map(({ key, schema, value }) => ({
      key,
      value: this.#converters.header.fromConnectHeader(topic, key, schema, value),
    }))
    if (Object.isFrozen(headers)) this.#sharedHeaders = { headers, topic, converted: Object.freeze(converted) }
    return converted
  }

  toConnect(raw: FetchedRecord): ConsumedRecord {
    this.stage = 'KEY_CONVERTER'
    const key: SchemaAndValue = this.#converters.key.toConnectData(raw.topic, raw.key)
    this.stage = 'VALUE_CONVERTER'
    const value: SchemaAndValue = this.#converters.value.toConnectData(raw.topic, raw.value)
    const headers = raw.headers.length === 0 ? NO_HEADERS : this.#headersToConnect(raw)
    return new ConsumedRecord(raw, key, value, headers)
  }

  #headersToConnect(raw: FetchedRecord): readonly Header[] {
    this.stage = 'HEADER_CONVERTER'
    return raw.headers.map(({ key, value }) => ({
      key,
      ...this.#converters.header.toConnectHeader(raw.topic, key, value),
    }))
  }
}

/** False for a null. */
function append(
  converter: Converter,
  out: ByteWriter,
  topic: string,
  schema: Schema | undefined,
  value: unknown,
): boolean {
  if (converter.writeConnectData !== undefined) return converter.writeConnectData(out, topic, schema, value)
  const bytes = converter.fromConnectData(topic, schema, value)
  if (bytes === null) return false
  out.bytes(bytes)
  return true
}
