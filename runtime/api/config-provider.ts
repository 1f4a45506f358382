import type { Props } from './props.ts'

export interface ConfigProvider {
  configure(props: Props): void
  /** `path` is the part between the two colons, `` when absent. Keys that do not exist are left out of the answer. */
  get(path: string, keys: readonly string[]): Promise<Readonly<Record<string, string>>>
  close?(): Promise<void>
}
