import { DataError } from 'naru/api'
import type { Schema, SinkRecord } from 'naru/api'
import { whereOf } from '../partitioning/record-field.ts'
import type { ObjectWriter } from './object-writer.ts'

/** The objects of one folder that grow together: values and, when configured, keys and headers of the same records. */
export class OpenObject {
  /** Schema of the values, of the first record. */
  readonly schema: Schema | undefined
  /** Offset of its first record. */
  readonly start: number
  records = 0
  readonly #values: ObjectWriter | undefined
  readonly #keys: ObjectWriter | undefined
  readonly #headers: ObjectWriter | undefined

  constructor(
    schema: Schema | undefined,
    start: number,
    writers: {
      readonly values: ObjectWriter | undefined
      readonly keys: ObjectWriter | undefined
      readonly headers: ObjectWriter | undefined
    },
  ) {
    this.schema = schema
    this.start = start
    this.#values = writers.values
    this.#keys = writers.keys
    this.#headers = writers.headers
  }

  /** In the order in which they are ended: values first. */
  get writers(): readonly ObjectWriter[] {
    return [this.#values, this.#keys, this.#headers].filter((writer) => writer !== undefined)
  }

  /** Into all of them or, with a DataError, into none. */
  append(record: SinkRecord): void {
    if (this.#keys === undefined && this.#headers === undefined && this.#values !== undefined) {
      this.#values.encode(record)
      this.#values.settle()
    } else this.#appendAligned(record)
    this.records++
  }

  #appendAligned(record: SinkRecord): void {
    if (this.#keys && (record.key === null || record.key === undefined))
      throw new DataError(`Key cannot be null for SinkRecord: ${whereOf(record)}`)
    if (this.#headers && record.headers.length === 0)
      throw new DataError(`Headers cannot be null for SinkRecord: ${whereOf(record)}`)
    const { writers } = this
    const marks = writers.map((writer) => writer.mark)
    try {
      for (const writer of writers) writer.encode(record)
    } catch (error) {
      writers.forEach((writer, index) => writer.truncate(marks[index] ?? 0))
      throw error
    }
    for (const writer of writers) writer.settle()
  }
}
