import { ConfigError } from '../api/index.ts'

/**
 * Versions of plugins and ranges of them, as Maven reads them (KIP-891): `1.10` is newer than `1.9`, `2.0-rc1` older than `2.0`, a bare `1.2` in a
 * config means exactly that version, `[1.0,2.0)` a range, `(,1.0],[3.0,)` several.
 */

/** Older than a release, oldest first; `` and `ga`, `final`, `release` are the release itself; `sp` and unknown words come after it. */
const QUALIFIERS: readonly string[] = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
const SYNONYMS: Readonly<Record<string, string>> = {
  a: 'alpha',
  b: 'beta',
  m: 'milestone',
  cr: 'rc',
  ga: '',
  final: '',
  release: '',
}

type Token = number | string

function tokensOf(version: string): readonly Token[] {
  const tokens = [...version.toLowerCase().matchAll(/\d+|[^\d.\-_]+/g)].map(([text]): Token =>
    /^\d/.test(text) ? Number(text) : (SYNONYMS[text] ?? text),
  )
  // 1, 1.0 and 1.0.0 are one version
  while (tokens.at(-1) === 0 || tokens.at(-1) === '') tokens.pop()
  return tokens
}

/** Negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [tokensOf(a), tokensOf(b)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = compareTokens(left[i], right[i])
    if (order !== 0) return order
  }
  return 0
}

function compareTokens(a: Token | undefined, b: Token | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  // a number is newer than a word; nothing at all is a 0 beside a number and a release beside a word
  if (typeof a === 'number') return b === undefined ? a : 1
  if (typeof b === 'number') return a === undefined ? -b : -1
  const [left, right] = [rank(a ?? ''), rank(b ?? '')]
  return left === right ? (a ?? '').localeCompare(b ?? '') : left - right
}

function rank(word: string): number {
  const known = QUALIFIERS.indexOf(word)
  return known < 0 ? QUALIFIERS.length : known
}

interface Bounds {
  readonly low: string
  readonly high: string
  readonly lowInclusive: boolean
  readonly highInclusive: boolean
}

/** What the `plugin.version` keys hold. */
export class VersionRange {
  readonly #restrictions: readonly Bounds[]

  private constructor(restrictions: readonly Bounds[]) {
    this.#restrictions = restrictions
  }

  /** undefined: any version, the newest is used (no key, or `latest`). Throws ConfigError for `key` when it is no range. */
  static parse(key: string, text: string | undefined): VersionRange | undefined {
    const spec = text?.trim()
    if (spec === undefined || spec === 'latest') return undefined
    if (!/^[[(]/.test(spec)) return new VersionRange([exactly(spec)])
    const restrictions: Bounds[] = []
    let rest = spec
    while (rest.startsWith('[') || rest.startsWith('(')) {
      const end = rest.search(/[\])]/)
      if (end < 0) throw new ConfigError(key, `Unbounded range: ${spec}`)
      restrictions.push(boundsOf(key, rest.slice(0, end + 1)))
      rest = rest
        .slice(end + 1)
        .trim()
        .replace(/^,\s*/, '')
    }
    if (rest !== '') throw new ConfigError(key, `Only fully-qualified sets allowed in multiple set scenario: ${spec}`)
    return new VersionRange(restrictions)
  }

  includes(version: string): boolean {
    return this.#restrictions.some(({ low, high, lowInclusive, highInclusive }) => {
      if (low === '' && high === '' && lowInclusive && highInclusive) return false // an empty version
      const [above, below] = [compareVersions(version, low), compareVersions(high, version)]
      const reachesLow = low === '' || above > 0 || (above === 0 && lowInclusive)
      return reachesLow && (high === '' || below > 0 || (below === 0 && highInclusive))
    })
  }

  toString(): string {
    return this.#restrictions
      .map(({ low, high, lowInclusive, highInclusive }) => {
        return `${lowInclusive ? '[' : '('}${low},${high}${highInclusive ? ']' : ')'}`
      })
      .join(',')
  }
}

function exactly(version: string): Bounds {
  return { low: version, high: version, lowInclusive: true, highInclusive: true }
}

/** `[1.0,2.0)`, `(,1.0]` or `[1.0]` */
function boundsOf(key: string, text: string): Bounds {
  const [lowInclusive, highInclusive] = [text.startsWith('['), text.endsWith(']')]
  const inner = text.slice(1, -1)
  const comma = inner.indexOf(',')
  if (comma < 0) {
    if (lowInclusive && highInclusive) return exactly(inner.trim())
    throw new ConfigError(key, `Single version must be surrounded by []: ${text}`)
  }
  const [low, high] = [inner.slice(0, comma).trim(), inner.slice(comma + 1).trim()]
  if (low !== '' && high !== '' && compareVersions(high, low) < 0)
    throw new ConfigError(key, `Range defies version ordering: ${text}`)
  return { low, high, lowInclusive, highInclusive }
}
