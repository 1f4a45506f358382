import { connectJson } from '../api/connect-json.ts'
import { plain } from '../api/index.ts'
import type { Converter, Schema } from '../api/index.ts'
import type { RecordHeader } from '../kafka/producer.ts'
import type { ContextField, LetterContents, LetterParts } from './dead-letter-queue.ts'
import type { FailedSource, Failure } from './error-tolerance.ts'
import type { Converters } from './record-converter.ts'

/**
 * What of a failed source record can be put into a dead letter: key and value as the connector's converters write them, each for itself, and
 * what they cannot write as JSON text. Of a record that the producer could not deliver nothing is left but where it came from: its
 * bytes belong to the next batch by then.
 */
export class FailedSourceRecords implements LetterContents {
  readonly #converters: Converters

  constructor(converters: Converters) {
    this.#converters = converters
  }

  partsOf({ source }: Failure): LetterParts | undefined {
    if (source === undefined) return undefined
    const { topic } = source
    const { key, value } = this.#converters
    const from: readonly ContextField[] = [
      ['topic', topic],
      ['source.partition', connectJson(source.sourcePartition)],
      ['source.offset', connectJson(source.sourceOffset)],
    ]
    return {
      key: bytesOf(key, topic, source.keySchema, source.key),
      value: bytesOf(value, topic, source.valueSchema, source.value),
      headers: this.#headers(source),
      timestamp: source.timestamp,
      from,
    }
  }

  #headers({ topic, headers = [] }: FailedSource): readonly RecordHeader[] {
    return headers.map((header) => {
      if (!('schema' in header)) return { key: header.key, value: textBytes(header.value) }
      try {
        return {
          key: header.key,
          value: this.#converters.header.fromConnectHeader(topic, header.key, header.schema, header.value),
        }
      } catch {
        return { key: header.key, value: textBytes(header.value) } // as with keys and values
      }
    })
  }
}

function bytesOf(converter: Converter, topic: string, schema: Schema | undefined, value: unknown): Uint8Array | null {
  try {
    const bytes = converter.fromConnectData(topic, schema, value)
    // It may be a view of the converter's own buffer.
    return bytes === null ? null : Uint8Array.from(bytes)
  } catch {
    return textBytes(value) // what does not fit its schema is shown as it is
  }
}

function textBytes(value: unknown): Uint8Array | null {
  const known = readable(value)
  if (known === null || known === undefined) return null
  if (known instanceof Uint8Array) return known
  return Buffer.from(typeof known === 'string' ? known : text(known))
}

/** A value that cannot even be decoded has nothing to show. */
function readable(value: unknown): unknown {
  try {
    return plain(value)
  } catch {
    return undefined
  }
}

function text(value: unknown): string {
  try {
    return connectJson(value)
  } catch {
    return String(value) // circular, a function, a symbol
  }
}
