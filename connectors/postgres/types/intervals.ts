import { DataError, schema } from 'naru/api'
import type { TypeOptions } from './type-options.ts'
import type { ValueCodec } from './value-codec.ts'
import { textCodec } from './value-codec.ts'

/** Each part carries its own sign. */
export interface Interval {
  readonly years: number
  readonly months: number
  readonly days: number
  readonly hours: number
  readonly minutes: number
  readonly seconds: number
  readonly micros: number
}

const PARTS = /([+-]?\d+) (year|mon|day)s?/g
const CLOCK = /([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/

/** IntervalStyle postgres: `1 year -2 mons +3 days -04:05:06.789`. */
export function parseInterval(text: string): Interval {
  const units = { year: 0, mon: 0, day: 0 }
  for (const [, amount, unit] of text.matchAll(PARTS)) units[unit as keyof typeof units] = Number(amount)
  const clock = CLOCK.exec(text)
  if (clock === null && !/(year|mon|day)s?$/.test(text)) throw new DataError(`not an interval: ${text}`)
  const sign = clock?.[1] === '-' ? -1 : 1
  const signed = (index: number) => {
    const value = Number(clock?.[index] ?? 0)
    return value === 0 ? 0 : sign * value
  }
  const micros = Number((clock?.[5] ?? '').padEnd(6, '0'))
  return {
    years: units.year,
    months: units.mon,
    days: units.day,
    hours: signed(2),
    minutes: signed(3),
    seconds: signed(4),
    micros: micros === 0 ? 0 : sign * micros,
  }
}

/** 365.25 / 12 days. */
const SECONDS_PER_MONTH = 2_629_800n

export function intervalMicros(of: Interval): bigint {
  const months = BigInt(of.years) * 12n + BigInt(of.months)
  const clock = BigInt(of.hours) * 3600n + BigInt(of.minutes) * 60n + BigInt(of.seconds)
  return (months * SECONDS_PER_MONTH + BigInt(of.days) * 86_400n + clock) * 1_000_000n + BigInt(of.micros)
}

/** `P0Y10M3DT4H5M6.789012S`: always all parts. */
export function intervalText(of: Interval): string {
  const negative = of.seconds < 0 || of.micros < 0
  const fraction = of.micros === 0 ? '' : `.${String(Math.abs(of.micros)).padStart(6, '0').replace(/0+$/, '')}`
  const seconds = `${negative ? '-' : ''}${Math.abs(of.seconds)}${fraction}`
  return `P${of.years}Y${of.months}M${of.days}DT${of.hours}H${of.minutes}M${seconds}S`
}

export function intervalCodec(options: TypeOptions): ValueCodec {
  if (options.intervalMode === 'string') {
    return textCodec({
      schema: schema.string({ name: 'io.debezium.time.Interval', version: 1 }),
      fallback: 'P0Y0M0DT0H0M0S',
      defaultPlaceholder: 'P0Y0M0DT0H0M0S',
      parse: (text) => intervalText(parseInterval(text)),
    })
  }
  return textCodec({
    schema: schema.int64({ name: 'io.debezium.time.MicroDuration', version: 1 }),
    fallback: 0n,
    defaultPlaceholder: 0n,
    parse: (text) => intervalMicros(parseInterval(text)),
  })
}
