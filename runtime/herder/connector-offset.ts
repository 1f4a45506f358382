import type { SourceOffset, SourcePartition } from '../api/record.ts'

export interface ConnectorOffset {
  readonly partition: SourcePartition
  /** null: to be removed. */
  readonly offset: SourceOffset | null
}
