import type { ConfigKey, Validator } from '../api/index.ts'

/** A key of a worker; of middle importance unless it says otherwise. */
export const key = <const T extends Partial<ConfigKey> & Pick<ConfigKey, 'type' | 'documentation'>>(
  of: T,
): T & { importance: 'MEDIUM' } => ({
  importance: 'MEDIUM',
  ...of,
})

/** `describe` is what documentation says of valid values. */
export function validator(describe: string, check: (key: string, value: unknown) => void): Validator {
  return Object.assign(check, { describe })
}
