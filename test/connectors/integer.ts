import type { Props } from 'naru/api'

/** As Java's Long.parseLong: decimal digits with a sign, and nothing else. Throws when it is no such number. */
export function integer(props: Props, key: string, byDefault?: number): number {
  const text = props[key]
  if (text === undefined && byDefault !== undefined) return byDefault
  if (text === undefined) throw new Error(`Cannot parse null string: null (${key})`)
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`For input string: "${text}" (${key})`)
  return Number(text)
}
