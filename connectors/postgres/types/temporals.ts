import { dateSchema, schema, timeSchema, timestampSchema } from 'naru/api'
import type { Schema } from 'naru/api'
import {
  civilFromDays,
  epochSeconds,
  fastDays,
  fastMicros,
  fastTimeMicros,
  isoDate,
  isoTime,
  isoTimestamp,
  parseWallClock,
  shortFraction,
} from './civil-time.ts'
import type { Infinite, WallClock } from './civil-time.ts'
import { writeInteger } from './json-text.ts'
import { structuredDate, structuredTime, structuredTimestamp } from './structured-times.ts'
import type { TypeOptions } from './type-options.ts'
import type { ValueCodec } from './value-codec.ts'
import { textCodec, valueCodec } from './value-codec.ts'

const named = (name: string, of: (a: { name: string; version: number }) => Schema) =>
  of({ name: `io.debezium.time.${name}`, version: 1 })

/** What Debezium gives for infinite dates while streaming: the overflow of its date arithmetic, kept for equal bytes. */
const INFINITE_DAYS = { infinity: -2_147_472_692, '-infinity': -2_147_472_691 } as const
/** The driver's infinite timestamps, in milliseconds. */
const INFINITE_MS = { infinity: 9_223_372_036_825_200, '-infinity': -9_223_372_036_832_400 } as const
const LONG_LIMIT = { infinity: 2n ** 63n - 1n, '-infinity': -(2n ** 63n) } as const
/** The last instant that a JavaScript Date holds, in milliseconds. */
const DATE_LIMIT = 8.64e15

export function dateCodec(options: TypeOptions): ValueCodec {
  if (options.timeMode === 'structured') return structuredDate()
  if (options.timeMode === 'isostring') {
    return textCodec({
      schema: named('IsoDate', schema.string),
      fallback: '1970-01-01Z',
      defaultPlaceholder: '1970-01-01Z',
      parse(text) {
        const { year, month, day } = civilFromDays(slowDays(text))
        return `${isoDate(year, month, day)}Z`
      },
    })
  }
  const daysOf = (source: Buffer, start: number, end: number) => {
    const days = fastDays(source, start, end)
    return Number.isNaN(days) ? slowDays(source.latin1Slice(start, end)) : days
  }
  const connect = options.timeMode === 'connect'
  const zero = connect ? new Date(0) : 0
  return valueCodec({
    schema: connect ? dateSchema() : named('Date', schema.int32),
    fallback: zero,
    defaultPlaceholder: zero,
    decode: (source, start, end) => {
      const days = daysOf(source, start, end)
      return connect ? dateOf(days * 86_400_000) : days
    },
    write(out, source, start, end) {
      writeInteger(out, daysOf(source, start, end))
      return true
    },
  })
}

function slowDays(text: string): number {
  const clock = parseWallClock(text)
  return typeof clock === 'string' ? INFINITE_DAYS[clock] : Math.floor(epochSeconds(clock) / 86_400)
}

/** Infinite dates become the nearest that a Date can hold. */
function dateOf(ms: number): Date {
  return new Date(Math.max(-DATE_LIMIT, Math.min(DATE_LIMIT, ms)))
}

/** `precision`: declared digits of the fraction, 6 when none. */
export function timeCodec(options: TypeOptions, precision: number): ValueCodec {
  const micros = (source: Buffer, start: number, end: number) => fastTimeMicros(source, start, end)
  const millis = (source: Buffer, start: number, end: number) => Math.floor(micros(source, start, end) / 1000)
  switch (options.timeMode) {
    case 'structured':
      return structuredTime(precision)
    case 'isostring':
      return textCodec({
        schema: named('IsoTime', schema.string),
        fallback: '00:00:00Z',
        defaultPlaceholder: '00:00:00Z',
        parse(text) {
          const clock = finite(parseWallClock(text))
          return `${isoTime(epochSeconds(clock) % 86_400, shortFraction(clock.micros))}Z`
        },
      })
    case 'connect':
      return valueCodec({
        schema: timeSchema(),
        fallback: new Date(0),
        defaultPlaceholder: new Date(0),
        decode: (source, start, end) => new Date(millis(source, start, end)),
        write(out, source, start, end) {
          writeInteger(out, millis(source, start, end))
          return true
        },
      })
    case 'adaptive':
      return precision <= 3
        ? numberCodec(named('Time', schema.int32), millis)
        : longCodec(named('MicroTime', schema.int64), micros)
    case 'adaptive_time_microseconds':
    case 'microseconds':
      return longCodec(named('MicroTime', schema.int64), micros)
    case 'nanoseconds':
      return longCodec(named('NanoTime', schema.int64), (source, start, end) => micros(source, start, end) * 1000)
  }
}

export function timestampCodec(options: TypeOptions, precision: number): ValueCodec {
  const micros = (source: Buffer, start: number, end: number): number | bigint => {
    const fast = fastMicros(source, start, end)
    return Number.isNaN(fast) ? slowMicros(source.latin1Slice(start, end)) : fast
  }
  const millis = (source: Buffer, start: number, end: number): number => {
    const value = micros(source, start, end)
    return typeof value === 'number' ? Math.floor(value / 1000) : Number(floorDiv(value, 1000n))
  }
  switch (options.timeMode) {
    case 'structured':
      return structuredTimestamp(precision)
    case 'isostring':
      return textCodec({
        schema: named('IsoTimestamp', schema.string),
        fallback: '1970-01-01T00:00:00Z',
        defaultPlaceholder: '1970-01-01T00:00:00Z',
        parse(text) {
          const value = slowMicros(text)
          const seconds = floorDiv(value, 1_000_000n)
          return `${isoTimestamp(Number(seconds), shortFraction(Number(value - seconds * 1_000_000n)))}Z`
        },
      })
    case 'connect':
      return valueCodec({
        schema: timestampSchema(),
        fallback: new Date(0),
        defaultPlaceholder: new Date(0),
        decode: (source, start, end) => dateOf(millis(source, start, end)),
        write(out, source, start, end) {
          writeInteger(out, millis(source, start, end))
          return true
        },
      })
    case 'adaptive':
    case 'adaptive_time_microseconds':
      return precision <= 3
        ? longCodec(named('Timestamp', schema.int64), millis)
        : longCodec(named('MicroTimestamp', schema.int64), micros)
    case 'microseconds':
      return longCodec(named('MicroTimestamp', schema.int64), micros)
    case 'nanoseconds':
      return longCodec(named('NanoTimestamp', schema.int64), (source, start, end) => nanos(micros(source, start, end)))
  }
}

/** Beyond the years 1677-2262 nanoseconds do not fit into 64 bits: the limit stands for them, as for infinity. */
function nanos(micros: number | bigint): bigint {
  const value = BigInt(micros) * 1000n
  return value > LONG_LIMIT.infinity
    ? LONG_LIMIT.infinity
    : value < LONG_LIMIT['-infinity']
      ? LONG_LIMIT['-infinity']
      : value
}

function slowMicros(text: string): bigint {
  const clock = parseWallClock(text)
  if (typeof clock === 'string') return BigInt(INFINITE_MS[clock]) * 1000n
  return BigInt(epochSeconds(clock)) * 1_000_000n + BigInt(clock.micros)
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient
}

function numberCodec(of: Schema, valueOf: (source: Buffer, start: number, end: number) => number): ValueCodec {
  return valueCodec({
    schema: of,
    fallback: 0,
    defaultPlaceholder: 0,
    decode: valueOf,
    write(out, source, start, end) {
      writeInteger(out, valueOf(source, start, end))
      return true
    },
  })
}

function longCodec(of: Schema, valueOf: (source: Buffer, start: number, end: number) => number | bigint): ValueCodec {
  return valueCodec({
    schema: of,
    fallback: 0n,
    defaultPlaceholder: 0n,
    decode: (source, start, end) => BigInt(valueOf(source, start, end)),
    write(out, source, start, end) {
      const value = valueOf(source, start, end)
      if (typeof value === 'number') writeInteger(out, value)
      else out.ascii(value.toString())
      return true
    },
  })
}

export function finite(clock: WallClock | Infinite): WallClock {
  return typeof clock === 'string' ? parseFinite(clock) : clock
}

function parseFinite(text: Infinite): never {
  throw new RangeError(`a time of day cannot be ${text}`)
}

/** Always UTC, with as many digits as declared. The session runs in UTC, so an ordinary text is copied byte by byte. */
export function timestamptzCodec(precision: number): ValueCodec {
  return valueCodec({
    schema: named('ZonedTimestamp', schema.string),
    fallback: '1970-01-01T00:00:00Z',
    defaultPlaceholder: '1970-01-01T00:00:00Z',
    decode: (source, start, end) => zonedTimestamp(source.latin1Slice(start, end), precision),
    write(out, source, start, end) {
      const length = end - start
      const plain = length >= 22 && length <= 29 && source[start + 4] === 0x2d && source[start + 13] === 0x3a
      const utc = source[end - 3] === 0x2b && source[end - 2] === 0x30 && source[end - 1] === 0x30
      if (!plain || !utc) {
        out.ascii(`"${zonedTimestamp(source.latin1Slice(start, end), precision)}"`)
        return true
      }
      out.reserve(40)
      const target = out.buffer
      let at = out.length
      target[at++] = 0x22
      for (let i = start; i < end - 3; i++) target[at++] = source[i]!
      target[out.length + 11] = 0x54 // T
      let digits = length - 22 - 1 // without the point
      if (precision > 0 && digits < precision) {
        if (digits <= 0) {
          target[at++] = 0x2e
          digits = 0
        }
        for (; digits < precision; digits++) target[at++] = 0x30
      }
      target[at++] = 0x5a // Z
      target[at++] = 0x22
      out.length = at
      return true
    },
  })
}

function zonedTimestamp(text: string, precision: number): string {
  const clock = parseWallClock(text)
  if (typeof clock === 'string') return clock
  const fraction = precision === 0 ? '' : `.${String(clock.micros).padStart(6, '0').slice(0, precision)}`
  return `${isoTimestamp(epochSeconds(clock), fraction)}Z`
}

export function timetzCodec(options: TypeOptions): ValueCodec {
  return textCodec({
    schema: named('ZonedTime', schema.string),
    fallback: '00:00:00Z',
    defaultPlaceholder: '00:00:00Z',
    parse(text) {
      const clock = finite(parseWallClock(text))
      const seconds = epochSeconds(clock)
      const midnight = options.debezium37 && seconds === 86_400 && clock.micros === 0
      const ofDay = midnight ? seconds : ((seconds % 86_400) + 86_400) % 86_400
      return `${isoTime(ofDay, shortFraction(clock.micros))}Z`
    },
  })
}
