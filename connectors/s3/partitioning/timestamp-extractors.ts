import { DataError } from 'naru/api'
import type { SinkRecord } from 'naru/api'
import { parseIsoTime } from './iso-time.ts'
import { recordField, whereOf } from './record-field.ts'

/** Milliseconds since the epoch. `batchTimeMs` is the clock, read once per batch of a partition. Throws DataError. */
export type TimestampExtractor = (record: SinkRecord, batchTimeMs: number) => number

export const wallclock: TimestampExtractor = (_record, batchTimeMs) => batchTimeMs

export const recordTimestamp: TimestampExtractor = (record) => {
  if (record.timestamp === undefined)
    throw new DataError(`${whereOf(record)} has no timestamp, which timestamp.extractor=Record needs`)
  return record.timestamp
}

export function fieldTimestamp(path: string): TimestampExtractor {
  return (record) => {
    const value = recordField(record, path)
    const time = timeOf(value)
    if (time === undefined)
      throw new DataError(
        `The field '${path}' of ${whereOf(record)} is not a time: ${String(value)} (milliseconds or ISO 8601 are)`,
      )
    return time
  }
}

function timeOf(value: unknown): number | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? Math.trunc(value) : undefined
    case 'bigint':
      return Number(value)
    case 'string':
      return /^-?\d{1,19}$/.test(value) ? Number(value) : parseIsoTime(value)
    case 'object':
      return value instanceof Date ? value.getTime() : undefined
    default:
      return undefined
  }
}
