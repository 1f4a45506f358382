import type { Props } from './props.ts'

export interface ConfigProvider {
  configure(props: Props): void
  /** `path` is the part between the two colons, `` when absent. Keys that do not exist are left out of the answer. */
  get(path: string, keys: readonly string[]): Promise<Readonly<Record<string, string>>>
  /**
   * How long, in ms, what `get` has just answered for these keys holds; undefined: for ever. When it is over the connectors that use it are
   * restarted, unless they say `config.action.reload=none`.
   */
  ttlMs?(path: string, keys: readonly string[]): number | undefined
  close?(): Promise<void>
}
