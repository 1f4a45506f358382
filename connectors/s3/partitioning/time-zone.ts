/**
 * Offsets of a time zone, by Intl's tz database. Accepted names as in Joda-Time: `UTC`, `GMT`, ids of the tz database, and fixed
 * offsets `+05:30`, `-08`, `+0530`.
 */
export class TimeZone {
  readonly id: string
  readonly #fixedMs: number | undefined
  readonly #format: Intl.DateTimeFormat | undefined
  #slot = NaN
  #slotOffset = 0

  /** Throws RangeError for an unknown name. */
  constructor(id: string) {
    this.id = id
    this.#fixedMs = fixedOffset(id)
    if (this.#fixedMs !== undefined) return
    // Intl also takes other spellings and abbreviations that Joda refuses: a config must mean the same in both
    if (
      !/^(?:[A-Z][A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)+|EST|MST|HST|CET|MET|EET|WET|Zulu|EST5EDT|CST6CDT|MST7MDT|PST8PDT)$/.test(
        id,
      )
    )
      throw new RangeError(`The datetime zone id '${id}' is not recognised`)
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: id,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    })
  }

  /** Milliseconds to add to UTC at the instant `utcMs`. */
  offsetAt(utcMs: number): number {
    if (this.#fixedMs !== undefined) return this.#fixedMs
    // zones change at quarter hours only
    const slot = Math.floor(utcMs / 900_000)
    if (slot !== this.#slot) {
      this.#slotOffset = this.#lookUp(slot * 900_000)
      this.#slot = slot
    }
    return this.#slotOffset
  }

  toLocal(utcMs: number): number {
    return utcMs + this.offsetAt(utcMs)
  }

  /** The instant of a local time: the earlier offset when it happens twice, moved forward when it does not exist. */
  toUtc(localMs: number): number {
    const before = this.offsetAt(localMs - 86_400_000)
    const after = this.offsetAt(localMs + 86_400_000)
    const first = localMs - before
    if (this.toLocal(first) === localMs) return first
    const second = localMs - after
    if (this.toLocal(second) === localMs) return second
    return first // in a gap: with the old offset, that is after it
  }

  #lookUp(utcMs: number): number {
    const parts: Record<string, string> = {}
    for (const { type, value } of this.#format?.formatToParts(utcMs) ?? []) parts[type] = value
    const year = parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year'])
    const local = new Date(0)
    local.setUTCFullYear(year, Number(parts['month']) - 1, Number(parts['day']))
    local.setUTCHours(Number(parts['hour']), Number(parts['minute']), Number(parts['second']))
    return local.getTime() - utcMs
  }
}

function fixedOffset(id: string): number | undefined {
  if (id === 'UTC' || id === 'GMT') return 0
  const match = /^([+-])(\d\d)(?::?(\d\d))?$/.exec(id)
  if (!match) return undefined
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0)
  return (match[1] === '-' ? -1 : 1) * minutes * 60_000
}
