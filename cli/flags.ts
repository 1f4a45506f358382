import { parseArgs } from 'node:util'
import { UsageError, closest } from './usage-error.ts'

export type FlagKinds = Readonly<Record<string, 'string' | 'boolean'>>

export interface Parsed {
  readonly text: (name: string) => string | undefined
  readonly on: (name: string) => boolean
  /** A port number; 0 stands for any free port. */
  readonly port: (name: string, otherwise: number) => number
  readonly positionals: readonly string[]
}

/** `--name value`, `--name=value` and switches; anything unknown is a usage error that names it. */
export function parseFlags(args: readonly string[], kinds: FlagKinds): Parsed {
  const options = Object.fromEntries(Object.entries(kinds).map(([name, type]) => [name, { type }]))
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true })
  const values = new Map<string, string | true>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const kind = Object.hasOwn(kinds, token.name) ? kinds[token.name] : undefined
    const flag = `--${token.name}`
    if (kind === undefined)
      throw new UsageError(
        `there is no flag ${token.rawName}${closest(
          flag,
          Object.keys(kinds).map((name) => `--${name}`),
        )}`,
      )
    if (kind === 'string' && (token.value === undefined || token.value === '' || /^--\D/.test(token.value)))
      throw new UsageError(`${flag} needs a value`)
    if (kind === 'boolean' && token.value !== undefined) throw new UsageError(`${flag} takes no value`)
    values.set(token.name, token.value ?? true)
  }
  const text = (name: string): string | undefined => values.get(name) as string | undefined
  return {
    text,
    on: (name) => values.get(name) === true,
    port: (name, otherwise) => {
      const given = text(name)
      if (given === undefined) return otherwise
      if (!/^\d+$/.test(given) || Number(given) > 65_535)
        throw new UsageError(`--${name} ${given}: a port is a number from 0 (any free one) to 65535`)
      return Number(given)
    },
    positionals,
  }
}
