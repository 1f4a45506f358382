import { ConfigError } from '../api/index.ts'

/** One run of a pattern letter, or text to stand as it is. */
type Part = { readonly letter: string; readonly width: number } | { readonly text: string }

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const DAY_MS = 86_400_000
const KNOWN_LETTERS = 'GyYMwWdDFEuaHhKkmsSzZX'

/** Patterns of java.text.SimpleDateFormat, in English and UTC: `y M d D H h K k m s S a E u z Z X`, quoted text. */
export class JavaDateFormat {
  readonly #parts: readonly Part[]
  readonly pattern: string
  /** Within so many milliseconds all dates have the same text: times of records come in runs. */
  readonly #granularityMs: number
  #lastBucket = NaN
  #lastText = ''

  /** Throws ConfigError for `key` when the pattern has a letter that it does not know. */
  constructor(key: string, pattern: string) {
    this.pattern = pattern
    this.#parts = [...pattern.matchAll(/'((?:[^']|'')*)'|([a-zA-Z])\2*|[^a-zA-Z']+/g)].map(([run, quoted, letter]) => {
      if (letter === undefined)
        return { text: quoted === undefined ? run : quoted === '' ? "'" : quoted.replaceAll("''", "'") }
      if (!KNOWN_LETTERS.includes(letter))
        throw ConfigError.invalid(key, pattern, `Illegal pattern character '${letter}' for SimpleDateFormat`)
      return { letter, width: run.length }
    })
    const letters = this.#parts.map((part) => ('letter' in part ? part.letter : '')).join('')
    this.#granularityMs = letters.includes('S') ? 1 : /[Hhkmsa]/i.test(letters.replaceAll('M', '')) ? 1000 : DAY_MS
  }

  format(date: Date): string {
    const bucket = Math.floor(date.getTime() / this.#granularityMs)
    if (bucket !== this.#lastBucket) {
      this.#lastText = this.#formatted(date)
      this.#lastBucket = bucket
    }
    return this.#lastText
  }

  #formatted(date: Date): string {
    return this.#parts.map((part) => ('text' in part ? part.text : formatted(part.letter, part.width, date))).join('')
  }

  /** Throws when the text does not begin as the pattern says; what follows is not looked at, as in Java. */
  parse(text: string): Date {
    const fields: Record<string, number> = { y: 1970, M: 1, d: 1 }
    let rest = text
    this.#parts.forEach((part, index) => {
      const match =
        'text' in part
          ? rest.startsWith(part.text)
            ? [part.text]
            : null
          : matcher(part.letter, part.width, this.#isNumeric(index + 1)).exec(rest)
      if (match === null) throw new Error(`Unparseable date: "${text}", expected ${this.pattern}`)
      if (!('text' in part)) take(fields, part.letter, part.width, match[0]!)
      rest = rest.slice(match[0]!.length)
    })
    return assembled(fields)
  }

  /** Does a number follow without a separator? Then the one before has exactly the width of its letters. */
  #isNumeric(index: number): boolean {
    const part = this.#parts[index]
    return (
      part !== undefined &&
      'letter' in part &&
      !'aEzZX'.includes(part.letter) &&
      !(part.letter === 'M' && part.width > 2)
    )
  }
}

function formatted(letter: string, width: number, date: Date): string {
  const number = (value: number): string => String(value).padStart(width, '0')
  const hour = date.getUTCHours()
  switch (letter) {
    case 'G':
      return 'AD'
    case 'y':
      return yearText(date.getUTCFullYear(), width)
    case 'Y':
      return yearText(weekOf(date).year, width)
    case 'w':
      return number(weekOf(date).week)
    case 'W':
      return number(Math.floor((date.getUTCDate() - 1 + weekday(date, 1)) / 7) + 1)
    case 'F':
      return number(Math.ceil(date.getUTCDate() / 7))
    case 'M':
      if (width > 2) return width === 3 ? MONTHS[date.getUTCMonth()]!.slice(0, 3) : MONTHS[date.getUTCMonth()]!
      return number(date.getUTCMonth() + 1)
    case 'd':
      return number(date.getUTCDate())
    case 'D':
      return number(dayOfYear(date) + 1)
    case 'H':
      return number(hour)
    case 'k':
      return number(hour === 0 ? 24 : hour)
    case 'K':
      return number(hour % 12)
    case 'h':
      return number(hour % 12 === 0 ? 12 : hour % 12)
    case 'm':
      return number(date.getUTCMinutes())
    case 's':
      return number(date.getUTCSeconds())
    case 'S':
      return number(date.getUTCMilliseconds())
    case 'a':
      return hour < 12 ? 'AM' : 'PM'
    case 'E':
      return width > 3 ? DAYS[date.getUTCDay()]! : DAYS[date.getUTCDay()]!.slice(0, 3)
    case 'u':
      return number(date.getUTCDay() === 0 ? 7 : date.getUTCDay())
    case 'X':
      return 'Z'
    case 'Z':
      return '+0000'
    default:
      return 'UTC'
  }
}

function yearText(year: number, width: number): string {
  return width === 2 ? String(year % 100).padStart(2, '0') : String(year).padStart(width, '0')
}

/** 0 on the first of January. */
function dayOfYear(date: Date): number {
  const first = new Date(date)
  first.setUTCMonth(0, 1)
  first.setUTCHours(0, 0, 0, 0)
  return Math.floor((date.getTime() - first.getTime()) / DAY_MS)
}

/** The weekday, 0 for Sunday, of a day of the date's month. */
function weekday(date: Date, dayOfMonth: number): number {
  const other = new Date(date)
  other.setUTCDate(dayOfMonth)
  return other.getUTCDay()
}

/** Weeks of Java's default locale begin on Sunday; the one with the first of January is the first of its year. */
function weekOf(date: Date): { readonly year: number; readonly week: number } {
  const year = date.getUTCFullYear()
  const saturday = new Date(date.getTime() + (6 - date.getUTCDay()) * DAY_MS)
  if (saturday.getUTCFullYear() > year) return { year: year + 1, week: 1 }
  const firstWeekday = (((date.getUTCDay() - dayOfYear(date)) % 7) + 7) % 7
  return { year, week: Math.floor((dayOfYear(date) + firstWeekday) / 7) + 1 }
}

function matcher(letter: string, width: number, fixed: boolean): RegExp {
  if (letter === 'a') return /^(?:AM|PM)/i
  if (letter === 'E') return new RegExp(`^(?:${DAYS.join('|')}|${DAYS.map((day) => day.slice(0, 3)).join('|')})`, 'i')
  if (letter === 'M' && width > 2)
    return new RegExp(`^(?:${MONTHS.join('|')}|${MONTHS.map((m) => m.slice(0, 3)).join('|')})`, 'i')
  if (letter === 'z' || letter === 'Z' || letter === 'X') return /^(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)/
  return fixed ? new RegExp(`^\\d{${width}}`) : /^ *-?\d+/
}

function take(fields: Record<string, number>, letter: string, width: number, text: string): void {
  if (letter === 'a') fields['a'] = /^p/i.test(text) ? 12 : 0
  else if (letter === 'M' && width > 2)
    fields['M'] = MONTHS.findIndex((month) => month.slice(0, 3).toLowerCase() === text.slice(0, 3).toLowerCase()) + 1
  else if (letter === 'z' || letter === 'Z' || letter === 'X') fields['zone'] = zoneMinutes(text)
  else if (letter === 'y' && width <= 2 && text.length <= 2) fields['y'] = century(Number(text))
  else if (letter !== 'E') fields[letter === 'Y' ? 'y' : letter] = Number(text)
}

/** Two digits mean the year within 80 years before and 20 years after now. */
function century(twoDigits: number): number {
  const now = new Date().getUTCFullYear()
  const year = now - (now % 100) + twoDigits
  return year > now + 20 ? year - 100 : year
}

function zoneMinutes(text: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(text)
  return match === null ? 0 : (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3] ?? 0))
}

function assembled(fields: Readonly<Record<string, number>>): Date {
  const { a = 0, zone = 0, K, h, k, H, D } = fields
  const twelve = K ?? (h === undefined ? undefined : h % 12)
  const hour = H ?? (k === undefined ? undefined : k % 24) ?? (twelve === undefined ? 0 : twelve + a)
  const [month, day] = D === undefined ? [fields['M']!, fields['d']!] : [1, D]
  const date = new Date(
    Date.UTC(2000, month - 1, 1, hour, (fields['m'] ?? 0) - zone, fields['s'] ?? 0, fields['S'] ?? 0),
  )
  // Set apart: Date.UTC takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(date.getUTCFullYear() - 2000 + fields['y']!)
  return new Date(date.getTime() + (day - 1) * 86_400_000)
}
