import { ConfigError, javaDouble, javaRegex } from '../api/index.ts'
import type { Validator } from '../api/index.ts'

/** A check of a key's value; `describe` is what documentation says of valid ones. */
export const rule = (describe: string, check: (key: string, value: unknown) => void): Validator =>
  Object.assign(check, { describe })

// Checks of connector keys; the messages are Connect's.

export const connectorName = rule('non-empty string without ISO control characters', (key, value) => {
  if (value === null) return
  const name = value as string
  if (name === '') throw ConfigError.invalid(key, name, 'String may not be empty')
  const control = [...name].map((c) => c.codePointAt(0)!).filter((c) => c < 0x20 || (c >= 0x7f && c < 0xa0))
  if (control.length > 0)
    throw ConfigError.invalid(
      key,
      name,
      `String may not contain control sequences but had the following ASCII chars: ${control.join(', ')}`,
    )
})

export const uniqueAliases = rule('unique aliases', (key, value) => {
  if (value === null) throw ConfigError.invalid(key, value, 'entry must be non null')
  const list = value as readonly string[]
  if (new Set(list).size < list.length)
    throw ConfigError.invalid(key, `[${list.join(', ')}]`, 'Duplicate alias provided.')
})

export const regex = rule('valid regex', (key, value) => {
  try {
    javaRegex((value ?? '') as string)
  } catch (error) {
    throw ConfigError.invalid(key, value, `Invalid regex: ${(error as Error).message}`)
  }
})

export const noEmptyValues = rule('values that are not empty', (key, value) => {
  if ((value as readonly string[]).includes(''))
    throw new ConfigError(key, `Configuration '${key}' values must not be empty.`)
})

/** A DOUBLE of `least` to `most`, both included; `between` for others. */
export const fraction = (least: number, most: number): Validator =>
  rule(`[${javaDouble(least)},...,${javaDouble(most)}]`, (key, value) => {
    const given = value as number
    if (given < least) throw ConfigError.invalid(key, javaDouble(given), `Value must be at least ${javaDouble(least)}`)
    if (given > most)
      throw ConfigError.invalid(key, javaDouble(given), `Value must be no more than ${javaDouble(most)}`)
  })
