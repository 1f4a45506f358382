const PATTERN =
  /^(?<year>[+-]?\d{4,9})(?:-(?:W(?<week>\d\d)(?:-(?<weekday>\d))?|(?<ordinal>\d{3})|(?<month>\d\d)(?:-(?<day>\d\d))?))?(?:[Tt](?<hour>\d\d)(?::(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?)?)?(?<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?$/

/**
 * Milliseconds of an ISO 8601 date-time as Joda's lenient parser reads it; undefined when it is none. Without an offset: UTC
 * (Java takes the zone of its machine, which makes the result depend on where a task runs).
 */
export function parseIsoTime(text: string): number | undefined {
  const groups = PATTERN.exec(text)?.groups
  if (!groups) return undefined
  const year = Number(groups['year'])
  const [hour, minute, second] = [groups['hour'], groups['minute'], groups['second']].map((part) => Number(part ?? 0))
  if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59) return undefined
  const day = dayOf(year, groups)
  if (day === undefined) return undefined
  const millis = Number((groups['fraction'] ?? '').slice(0, 3).padEnd(3, '0'))
  const time = (((hour ?? 0) * 60 + (minute ?? 0)) * 60 + (second ?? 0)) * 1000 + millis
  return day + time - zoneMs(groups['zone'])
}

function dayOf(year: number, groups: Readonly<Record<string, string | undefined>>): number | undefined {
  const utc = (month: number, day: number): number => {
    const date = new Date(0)
    return date.setUTCFullYear(year, month, day)
  }
  if (groups['ordinal'] !== undefined) return utc(0, Number(groups['ordinal']))
  if (groups['week'] !== undefined) {
    const fourth = utc(0, 4)
    const monday = fourth - ((new Date(fourth).getUTCDay() || 7) - 1) * 86_400_000
    return monday + ((Number(groups['week']) - 1) * 7 + Number(groups['weekday'] ?? 1) - 1) * 86_400_000
  }
  const month = Number(groups['month'] ?? 1)
  const day = Number(groups['day'] ?? 1)
  const date = new Date(utc(month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.replace(':', '').slice(3) || 0)
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000
}
