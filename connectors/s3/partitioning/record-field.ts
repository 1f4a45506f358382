import { DataError, plain } from 'naru/api'
import type { SinkRecord } from 'naru/api'

/** The value at a dotted path of the record's value; a name that contains the dot itself is found first. */
export function recordField(record: SinkRecord, path: string): unknown {
  const value = plain(record.value)
  const found = lookUp(value, path)
  if (found === undefined) throw new DataError(`The field '${path}' does not exist in the value of ${whereOf(record)}`)
  return found
}

function lookUp(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || Array.isArray(value))
    return undefined
  const own = member(value, path)
  if (own !== undefined) return own
  const dot = path.indexOf('.')
  if (dot < 0) return undefined
  return lookUp(member(value, path.slice(0, dot)), path.slice(dot + 1))
}

function member(value: object, name: string): unknown {
  if (value instanceof Map) return value.get(name)
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

/** `topic-partition@offset`, as consumed. */
export function whereOf(record: SinkRecord): string {
  return `${record.originalTopic}-${record.originalPartition}@${record.originalOffset}`
}
