import type { ConfigKey } from '../api/index.ts'

/** A key of a worker; of middle importance unless it says otherwise. */
export const key = <const T extends Partial<ConfigKey> & Pick<ConfigKey, 'type' | 'documentation'>>(
  of: T,
): T & { importance: 'MEDIUM' } => ({
  importance: 'MEDIUM',
  ...of,
})
