import { DataError } from 'naru/api'

/** Days since 1970-01-01 of a proleptic Gregorian date; year 0 is 1 BC. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

export function civilFromDays(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

/** A point on the clock as PostgreSQL prints it in style ISO. */
export interface WallClock {
  /** 0 is 1 BC. */
  readonly year: number
  readonly month: number
  readonly day: number
  /** 24 is possible in a time of day. */
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly micros: number
  /** East of UTC; 0 when the text has none. */
  readonly offsetSeconds: number
}

export type Infinite = 'infinity' | '-infinity'

const WALL_CLOCK =
  /^(?:(\d{4,})-(\d\d)-(\d\d))?[ ]?(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/

/** date, time, timetz, timestamp or timestamptz. */
export function parseWallClock(text: string): WallClock | Infinite {
  if (text === 'infinity' || text === '-infinity') return text
  const m = WALL_CLOCK.exec(text)
  if (m === null) throw new DataError(`not a date or time: ${text}`)
  const number = (index: number) => Number(m[index] ?? 0)
  const offset = number(9) * 3600 + number(10) * 60 + number(11)
  return {
    year: m[1] === undefined ? 1970 : m[12] === undefined ? number(1) : 1 - number(1),
    month: m[2] === undefined ? 1 : number(2),
    day: m[3] === undefined ? 1 : number(3),
    hour: number(4),
    minute: number(5),
    second: number(6),
    micros: Number((m[7] ?? '').padEnd(6, '0')),
    offsetSeconds: m[8] === '-' ? -offset : offset,
  }
}

/** Seconds since the epoch in UTC, without the fraction. */
export function epochSeconds(clock: WallClock): number {
  const days = daysFromCivil(clock.year, clock.month, clock.day)
  return days * 86_400 + clock.hour * 3600 + clock.minute * 60 + clock.second - clock.offsetSeconds
}

/** `2024-02-29`, `-0043-03-15`, `+20000-01-01`: the form of java.time.LocalDate. */
export function isoDate(year: number, month: number, day: number): string {
  const digits = String(Math.abs(year)).padStart(4, '0')
  const sign = year < 0 ? '-' : year > 9999 ? '+' : ''
  return `${sign}${digits}-${two(month)}-${two(day)}`
}

export function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** `.789` with only the digits needed, or ''. */
export function shortFraction(micros: number): string {
  return micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`
}

/** `12:34:56.7` of seconds of the day. */
export function isoTime(secondOfDay: number, fraction: string): string {
  const hour = Math.floor(secondOfDay / 3600)
  const minute = Math.floor((secondOfDay % 3600) / 60)
  return `${two(hour)}:${two(minute)}:${two(secondOfDay % 60)}${fraction}`
}

/** `2024-02-29T12:34:56.789` in UTC. */
export function isoTimestamp(seconds: number, fraction: string): string {
  const days = Math.floor(seconds / 86_400)
  const { year, month, day } = civilFromDays(days)
  return `${isoDate(year, month, day)}T${isoTime(seconds - days * 86_400, fraction)}`
}

const ZERO = 0x30
const DASH = 0x2d
const COLON = 0x3a

function twoDigits(source: Buffer, at: number): number {
  return (source[at]! - ZERO) * 10 + source[at + 1]! - ZERO
}

/** Days since the epoch of a plain `YYYY-MM-DD` at `start`; NaN for every other form. */
export function fastDays(source: Buffer, start: number, end: number): number {
  if (end - start !== 10 || source[start + 4] !== DASH) return NaN
  const year = twoDigits(source, start) * 100 + twoDigits(source, start + 2)
  return daysFromCivil(year, twoDigits(source, start + 5), twoDigits(source, start + 8))
}

/** Microseconds since the epoch of a plain `YYYY-MM-DD HH:MM:SS[.ffffff]` when that is a safe integer; else NaN. */
export function fastMicros(source: Buffer, start: number, end: number): number {
  if (end - start < 19 || end - start > 26 || source[start + 4] !== DASH || source[start + 13] !== COLON) return NaN
  const year = twoDigits(source, start) * 100 + twoDigits(source, start + 2)
  if (year > 2254) return NaN
  const days = daysFromCivil(year, twoDigits(source, start + 5), twoDigits(source, start + 8))
  const micros = fastTimeMicros(source, start + 11, end)
  return days * 86_400_000_000 + micros
}

/** Microseconds of the day of `HH:MM:SS[.ffffff]`. */
export function fastTimeMicros(source: Buffer, start: number, end: number): number {
  const seconds = twoDigits(source, start) * 3600 + twoDigits(source, start + 3) * 60 + twoDigits(source, start + 6)
  let micros = 0
  let unit = 100_000
  for (let i = start + 9; i < end; i++) {
    const digit = source[i]! - ZERO
    if (digit < 0 || digit > 9) return NaN // ` BC`
    micros += digit * unit
    unit /= 10
  }
  return seconds * 1_000_000 + micros
}
