import type { ConfigDef } from './config-def.ts'
import type { Props } from './props.ts'
import type { ConnectRecord } from './record.ts'

/** Synchronous: the hot path. Returns the same object when nothing changed, `undefined` to drop the record. */
export interface Transformation<R extends ConnectRecord = ConnectRecord> {
  configure(props: Props): void
  apply(record: R): R | undefined
  close?(): void
}

export interface Predicate<R extends ConnectRecord = ConnectRecord> {
  configure(props: Props): void
  test(record: R): boolean
  close?(): void
}

export interface TransformationClass {
  new (): Transformation
  configDef(): ConfigDef
}

export interface PredicateClass {
  new (): Predicate
  configDef(): ConfigDef
}
