import type { TimeZone } from './time-zone.ts'

/** Formats the UTC instant in the pattern's zone. */
export type TimeFormatter = (utcMs: number) => string

interface Fields {
  readonly utcMs: number
  /** The local time as if it were UTC. */
  readonly local: Date
  readonly offsetMs: number
}
type Piece = (fields: Fields) => string

/**
 * Patterns of Joda-Time's DateTimeFormat (not java.time's, not strftime's): `YYYY` is the year of era, `xxxx` the week year.
 * www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html. Throws RangeError for an unknown letter.
 */
export function compileJodaPattern(pattern: string, zone: TimeZone, locale: string): TimeFormatter {
  const pieces = tokens(pattern).map((token) =>
    token.kind === 'text' ? () => token.text : pieceOf(token.letter, token.count, zone, locale),
  )
  return (utcMs) => {
    const offsetMs = zone.offsetAt(utcMs)
    const fields = { utcMs, offsetMs, local: new Date(utcMs + offsetMs) }
    return pieces.map((piece) => piece(fields)).join('')
  }
}

type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly letter: string; readonly count: number }

function tokens(pattern: string): readonly Token[] {
  const found: Token[] = []
  for (const [whole, quoted, letter] of pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+/g)) {
    if (quoted !== undefined) found.push({ kind: 'text', text: quoted === '' ? "'" : quoted.replaceAll("''", "'") })
    else if (letter !== undefined) found.push({ kind: 'field', letter, count: whole.length })
    else found.push({ kind: 'text', text: whole })
  }
  return found
}

function pieceOf(letter: string, count: number, zone: TimeZone, locale: string): Piece {
  const number =
    (get: (local: Date) => number): Piece =>
    ({ local }) =>
      String(get(local)).padStart(count, '0')
  switch (letter) {
    case 'y':
    case 'Y':
      if (count === 2) return ({ local }) => String(local.getUTCFullYear() % 100).padStart(2, '0')
      return number((local) => local.getUTCFullYear())
    case 'x':
      if (count === 2) return ({ local }) => String(isoWeek(local).year % 100).padStart(2, '0')
      return number((local) => isoWeek(local).year)
    case 'w':
      return number((local) => isoWeek(local).week)
    case 'e':
      return number((local) => local.getUTCDay() || 7)
    case 'M':
      if (count < 3) return number((local) => local.getUTCMonth() + 1)
      return text(locale, { month: count === 3 ? 'short' : 'long' })
    case 'd':
      return number((local) => local.getUTCDate())
    case 'D':
      return number((local) => Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000) + 1)
    case 'E':
      return text(locale, { weekday: count < 4 ? 'short' : 'long' })
    case 'H':
      return number((local) => local.getUTCHours())
    case 'k':
      return number((local) => local.getUTCHours() || 24)
    case 'K':
      return number((local) => local.getUTCHours() % 12)
    case 'h':
      return number((local) => local.getUTCHours() % 12 || 12)
    case 'a':
      return ({ local }) => (local.getUTCHours() < 12 ? 'AM' : 'PM')
    case 'm':
      return number((local) => local.getUTCMinutes())
    case 's':
      return number((local) => local.getUTCSeconds())
    case 'S':
      return ({ local }) => String(local.getUTCMilliseconds()).padStart(3, '0').padEnd(count, '0').slice(0, count)
    case 'G':
      return () => 'AD'
    case 'C':
      return number((local) => Math.floor(local.getUTCFullYear() / 100))
    case 'Z':
      if (count >= 3) return () => zone.id
      return ({ offsetMs }) => offsetText(offsetMs, count === 2 ? ':' : '')
    case 'z':
      return ({ utcMs, offsetMs }) => zoneName(zone, utcMs, offsetMs, count < 4 ? 'short' : 'long')
    default:
      throw new RangeError(`Illegal pattern component: ${letter.repeat(count)}`)
  }
}

function isoWeek(local: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(local)
  thursday.setUTCDate(local.getUTCDate() + 4 - (local.getUTCDay() || 7))
  const year = thursday.getUTCFullYear()
  return { year, week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 604_800_000) + 1 }
}

function offsetText(offsetMs: number, colon: string): string {
  const minutes = Math.abs(Math.round(offsetMs / 60_000))
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${colon}${two(minutes % 60)}`
}

/**
 * Java builds the locale from the whole string as a language: `en-US` is then unknown and falls back to the root locale, whose
 * names are the short English ones.
 */
function text(locale: string, options: Intl.DateTimeFormatOptions): Piece {
  const isLanguage = /^[a-z]{2,3}$/i.test(locale)
  const style = isLanguage ? options : Object.fromEntries(Object.keys(options).map((key) => [key, 'short']))
  const format = new Intl.DateTimeFormat(isLanguage ? locale : 'en', { ...style, timeZone: 'UTC' })
  return ({ local }) => format.format(local)
}

function zoneName(zone: TimeZone, utcMs: number, offsetMs: number, style: 'short' | 'long'): string {
  if (/^[+-]/.test(zone.id)) return offsetText(offsetMs, ':')
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone.id, timeZoneName: style })
  return format.formatToParts(utcMs).find(({ type }) => type === 'timeZoneName')?.value ?? zone.id
}
