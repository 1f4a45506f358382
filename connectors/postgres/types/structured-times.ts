import { schema } from 'naru/api'
import type { Schema } from 'naru/api'
import type { WallClock } from './civil-time.ts'
import { parseWallClock } from './civil-time.ts'
import type { Interval } from './intervals.ts'
import { parseInterval } from './intervals.ts'
import type { ValueCodec } from './value-codec.ts'
import { textCodec } from './value-codec.ts'

/** `time.precision.mode=structured` (Debezium 3.7): every part in a field of its own, nothing computed. */

const optional = { optional: true }
const INT8 = schema.int8(optional)
const INT32 = schema.int32(optional)
const INT64 = schema.int64(optional)
const STRING = schema.string(optional)

const DATE = { year: INT32, month: INT8, day: INT8 }
const TIME = { hour: INT8, minute: INT8, second: INT8, nanos: INT32 }

function struct(name: string, fields: Readonly<Record<string, Schema>>): Schema {
  return schema.struct(fields, { name: `io.debezium.time.${name}`, version: 1 })
}

function codec(
  of: Schema,
  parts: (clock: WallClock) => Record<string, unknown>,
  constant: Record<string, unknown>,
): ValueCodec {
  const nothing = Object.fromEntries(of.fields!.map((field) => [field.name, null]))
  return textCodec({
    schema: of,
    fallback: { ...nothing, ...constant },
    parse(text) {
      const clock = parseWallClock(text)
      if (typeof clock !== 'string') return { ...nothing, ...parts(clock), ...constant }
      return { ...nothing, ...constant, specialValue: clock === 'infinity' ? 'POSITIVE_INFINITY' : 'NEGATIVE_INFINITY' }
    },
  })
}

const dateParts = ({ year, month, day }: WallClock) => ({ year, month, day })
const timeParts = ({ hour, minute, second, micros }: WallClock) => ({ hour, minute, second, nanos: micros * 1000 })

export function structuredDate(): ValueCodec {
  return codec(struct('StructuredDate', { ...DATE, specialValue: STRING }), dateParts, {})
}

export function structuredTime(precision: number): ValueCodec {
  return codec(struct('StructuredTime', { ...TIME, precision: INT32 }), timeParts, { precision })
}

export function structuredZonedTime(precision: number): ValueCodec {
  const of = struct('StructuredZonedTime', { ...TIME, offsetSeconds: INT32, precision: INT32 })
  return codec(of, (clock) => ({ ...timeParts(clock), offsetSeconds: clock.offsetSeconds }), { precision })
}

export function structuredTimestamp(precision: number): ValueCodec {
  const of = struct('StructuredTimestamp', { ...DATE, ...TIME, specialValue: STRING, precision: INT32 })
  return codec(of, (clock) => ({ ...dateParts(clock), ...timeParts(clock) }), { precision })
}

/** The session runs in UTC, so the zone is always `Z`. */
export function structuredZonedTimestamp(precision: number): ValueCodec {
  const of = struct('StructuredZonedTimestamp', {
    ...DATE,
    ...TIME,
    offsetSeconds: INT32,
    zoneId: STRING,
    specialValue: STRING,
    precision: INT32,
  })
  return codec(of, (clock) => ({ ...dateParts(clock), ...timeParts(clock), offsetSeconds: 0, zoneId: 'Z' }), {
    precision,
  })
}

export function structuredDuration(precision: number): ValueCodec {
  const parts = (of: Interval) => ({
    years: of.years,
    months: of.months,
    days: of.days,
    hours: of.hours,
    minutes: of.minutes,
    seconds: BigInt(of.seconds),
    nanos: of.micros * 1000,
    precision,
  })
  return textCodec({
    schema: struct('StructuredDuration', {
      years: INT32,
      months: INT32,
      days: INT32,
      hours: INT32,
      minutes: INT32,
      seconds: INT64,
      nanos: INT32,
      precision: INT32,
    }),
    fallback: parts(parseInterval('00:00:00')),
    parse: (text) => parts(parseInterval(text)),
  })
}
