export interface ListOptions {
  readonly prefix: string
  /** '' for none. */
  readonly delimiter: string
  readonly maxKeys: number
  /** The last key or common prefix of the page before; '' at the beginning. */
  readonly after: string
}

export type ListEntry =
  { readonly kind: 'key'; readonly key: string } | { readonly kind: 'prefix'; readonly prefix: string }

export interface ListPage {
  readonly entries: readonly ListEntry[]
  readonly truncated: boolean
  /** Where the next page continues; '' when there is none. */
  readonly last: string
}

/** One page out of the ordered keys: rolls keys up to common prefixes, which count like keys. */
export async function listPage(keys: AsyncIterable<string>, options: ListOptions): Promise<ListPage> {
  const { prefix, delimiter, maxKeys, after } = options
  const entries: ListEntry[] = []
  let last = ''
  for await (const key of keys) {
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length)
    // a page may end with a common prefix: the keys below it are done
    if (common !== undefined && (common === last || common === after)) continue
    if (entries.length >= maxKeys) return { entries, truncated: maxKeys > 0, last }
    last = common ?? key
    entries.push(common === undefined ? { kind: 'key', key } : { kind: 'prefix', prefix: common })
  }
  return { entries, truncated: false, last: '' }
}
