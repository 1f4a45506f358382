/** `--rows 1000 --kafka embedded` as a map; a flag without a value is `true`. */
export function parseFlags(args: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const name = /^--(.+)$/.exec(args[i]!)?.[1]
    if (name === undefined) throw new Error(`unexpected argument ${args[i]}: flags look like --rows 1000000`)
    const next = args[i + 1]
    if (next !== undefined && !next.startsWith('--')) {
      flags.set(name, next)
      i++
    } else flags.set(name, 'true')
  }
  return flags
}

export function numberFlag(flags: ReadonlyMap<string, string>, name: string, otherwise: number): number {
  const text = flags.get(name)
  if (text === undefined) return otherwise
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isFinite(value)) throw new Error(`--${name} ${text}: not a number`)
  return value
}
