import { DataError } from 'naru/api'
import type { SinkRecord } from 'naru/api'
import type { TimeFormatter } from './joda-pattern.ts'
import { recordField, whereOf } from './record-field.ts'
import type { TimeZone } from './time-zone.ts'
import type { TimestampExtractor } from './timestamp-extractors.ts'

/** Decides the folder of a record, Confluent's *encoded partition*. */
export interface Partitioner {
  /** Present for time-based partitioners: rotate.interval.ms works on these times. */
  readonly timestamp: TimestampExtractor | undefined
  /** `timestampMs` is what `timestamp` said. Throws DataError. */
  encode(record: SinkRecord, timestampMs: number): string
}

/** `partition=N` */
export class DefaultPartitioner implements Partitioner {
  readonly timestamp = undefined
  readonly #names: string[] = []

  encode(record: SinkRecord): string {
    return (this.#names[record.partition] ??= `partition=${record.partition}`)
  }
}

/** `name=value`, one folder per field. */
export class FieldPartitioner implements Partitioner {
  readonly timestamp = undefined
  readonly #fields: readonly string[]
  readonly #delimiter: string

  constructor(fields: readonly string[], delimiter: string) {
    this.#fields = fields
    this.#delimiter = delimiter
  }

  encode(record: SinkRecord): string {
    return this.#fields.map((field) => `${field}=${valueText(record, field)}`).join(this.#delimiter)
  }
}

function valueText(record: SinkRecord, field: string): string {
  const value = recordField(record, field)
  switch (typeof value) {
    case 'string':
      return value
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'number':
      if (Number.isInteger(value)) return String(value)
      break
    default:
      if (value === null) return 'null'
  }
  throw new DataError(
    `Error encoding partition: the field '${field}' of ${whereOf(record)} is not an integer, a string or a boolean`,
  )
}

/** Folders of the time bucket that a record's timestamp falls into. */
export class TimeBasedPartitioner implements Partitioner {
  readonly timestamp: TimestampExtractor
  readonly #durationMs: number
  readonly #zone: TimeZone
  readonly #format: TimeFormatter
  #bucket = NaN
  #encoded = ''

  constructor(options: {
    readonly timestamp: TimestampExtractor
    readonly durationMs: number
    readonly zone: TimeZone
    readonly format: TimeFormatter
  }) {
    this.timestamp = options.timestamp
    this.#durationMs = options.durationMs
    this.#zone = options.zone
    this.#format = options.format
  }

  encode(_record: SinkRecord, timestampMs: number): string {
    // Buckets are cut in local time and truncate toward zero, as Java's integer division does.
    const bucket = Math.trunc(this.#zone.toLocal(timestampMs) / this.#durationMs) * this.#durationMs
    if (bucket !== this.#bucket) {
      this.#encoded = this.#format(this.#zone.toUtc(bucket))
      this.#bucket = bucket
    }
    return this.#encoded
  }
}
